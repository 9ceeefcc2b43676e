# Means, ratios and lifts by R: t.test, the survey package (its own derivatives), and R's Student t.
#
#   Rscript means.R > means.json      (R 4.2, survey 4.1)

suppressMessages({library(survey); library(jsonlite)})
options(digits = 17)

drug_1 <- sleep$extra[sleep$group == 1]
drug_2 <- sleep$extra[sleep$group == 2]
scores_1 <- c(36, 44, 47, 42, 49, 39, 46, 31, 33, 48)
scores_2 <- c(32, 39, 26, 35, 43, 27, 40, 37, 34, 29, 49, 42, 40)

# The units of means_inputs.py.
units <- function(arm) {
  i <- 0:(399 + 37 * arm)
  covariate <- (i * 7919 + 13 * arm) %% 997 / 50
  data.frame(
    arm = factor(arm, levels = 0:1), num_cov = covariate,
    num = 5 + 0.5 * covariate + (i * 10473 + 7 * arm) %% 983 / 100 + 0.75 * arm,
    den = 1 + (i * 31 + i %% 7) %% 5 + (i %% 3 == 0) * arm
  )
}

test <- function(treatment, control, ...) {
  found <- t.test(treatment, control, ...)
  list(p_value = found$p.value, lower = found$conf.int[1], upper = found$conf.int[2],
       df = unname(found$parameter))
}

# Lift of a mean or ratio by the survey package: vcov of the two arms, derivatives by deriv().
lifts <- function(data, ratio = FALSE) {
  design <- svydesign(ids = ~1, weights = ~1, strata = ~arm, data = data)
  means <- if (ratio) svyby(~num, ~arm, design, svyratio, denominator = ~den, covmat = TRUE)
           else svyby(~num, ~arm, design, svymean, covmat = TRUE)
  names(means)[2] <- "value"
  v <- unname(vcov(means)); m <- unname(coef(means))
  of <- function(expression) {
    gradient <- attr(eval(deriv(expression, c("c", "t")), list(c = m[1], t = m[2])), "gradient")
    drop(sqrt(gradient %*% v %*% t(gradient)))
  }
  list(mean_control = m[1], mean_treatment = m[2],
       se_difference = of(quote(t - c)), se_lift = of(quote(t / c - 1)), se_log = of(quote(log(t / c))))
}

# Limits of Fieller, by solving for the ratio at which the contrast is just not rejected.
fieller <- function(treatment, control, df, level) {
  v_t <- var(treatment) / length(treatment); v_c <- var(control) / length(control)
  critical <- qt(1 - (1 - level) / 2, df)
  excess <- function(r) (mean(treatment) - r * mean(control))^2 - critical^2 * (v_t + r^2 * v_c)
  estimate <- mean(treatment) / mean(control)
  root <- function(far) uniroot(excess, sort(c(estimate, far)), tol = 1e-15, maxiter = 10000)$root
  list(lower = root(estimate - 5) - 1, upper = root(estimate + 5) - 1)
}

both <- rbind(units(0), units(1))
unit_test <- test(both$num[both$arm == 1], both$num[both$arm == 0])

# Welch from summaries, where R keeps the digits: tails of 1e-300 and a billion units.
summary_test <- function(n, mean, sd) {
  v <- sd^2 / n
  df <- sum(v)^2 / sum(v^2 / (n - 1))
  t <- diff(mean) / sqrt(sum(v))
  list(n = n, mean = mean, sd = sd, p_value = 2 * pt(-abs(t), df), df = df)
}

results <- list(
  sleep = test(drug_2, drug_1), sleep_99 = test(drug_2, drug_1, conf.level = 0.99),
  scores = test(scores_1, scores_2), units = unit_test,
  scores_fieller = fieller(scores_1, scores_2, test(scores_1, scores_2)$df, 0.95),
  units_fieller = fieller(both$num[both$arm == 1], both$num[both$arm == 0], unit_test$df, 0.95),
  units_lifts = lifts(both), units_ratio = lifts(both, TRUE),
  scores_lifts = lifts(data.frame(
    num = c(scores_1, scores_2), arm = factor(c(rep(1, 10), rep(0, 13)))
  )),
  tiny_tail = summary_test(c(5e5, 5e5), c(0, 0.0740), c(1, 1)),
  billion = summary_test(c(1e9, 1e9), c(1, 1.0002), c(2, 3)),
  far_mean = summary_test(c(1000, 1000), c(1e15, 1e15 + 0.125), c(1, 1)),
  two_units = summary_test(c(2, 2), c(1, 3), c(0.5, 0.25)),
  rnorm_means = {set.seed(12345); list(x = rnorm(5, 1, 1), y = rnorm(5, 2, 1))}
)
cat(toJSON(results, digits = NA, auto_unbox = TRUE, pretty = TRUE), "\n")
