# Non-inferiority, superiority and equivalence by t.test: one-sided tests against a shifted mean.
#
#   Rscript margins.R > margins.json      (R 4.2)

suppressMessages(library(jsonlite))

drug_1 <- sleep$extra[sleep$group == 1]
drug_2 <- sleep$extra[sleep$group == 2]
scores_1 <- c(36, 44, 47, 42, 49, 39, 46, 31, 33, 48)
scores_2 <- c(32, 39, 26, 35, 43, 27, 40, 37, 34, 29, 49, 42, 40)

test <- function(treatment, control, ...) {
  found <- t.test(treatment, control, ...)
  list(p_value = found$p.value, lower = found$conf.int[1], upper = found$conf.int[2])
}

# Two one-sided tests, and the interval of coverage 1 - 2 alpha.
tost <- function(treatment, control, low, high, alpha) {
  p <- c(t.test(treatment, control, mu = low, alternative = "greater")$p.value,
         t.test(treatment, control, mu = high, alternative = "less")$p.value)
  limits <- t.test(treatment, control, conf.level = 1 - 2 * alpha)$conf.int
  list(p_value = max(p), lower = limits[1], upper = limits[2])
}

# Contrast treatment - (1 + lift) control. Its t statistic is that of a t.test with control scaled;
# on the degrees of freedom of the difference, and on its own (Tamhane and Logan 2004).
contrast <- function(treatment, control, lift) {
  scaled <- t.test(treatment, (1 + lift) * control)
  df <- unname(t.test(treatment, control)$parameter)
  t <- unname(scaled$statistic)
  list(greater = pt(t, df, lower.tail = FALSE), less = pt(t, df),
       own_df = t.test(treatment, (1 + lift) * control, alternative = "greater")$p.value)
}

# A one-sided limit of the lift: where the contrast is just not rejected.
limit <- function(treatment, control, alpha, side) {
  df <- unname(t.test(treatment, control)$parameter)
  excess <- function(lift)
    side * unname(t.test(treatment, (1 + lift) * control)$statistic) + qt(1 - alpha, df)
  estimate <- mean(treatment) / mean(control) - 1
  uniroot(excess, sort(c(estimate, estimate + side * 3)), tol = 1e-15, maxiter = 10000)$root
}

# Score test of a difference of rates: the rates of largest likelihood found by optimize().
score <- function(x_t, n_t, x_c, n_c, difference) {
  likelihood <- function(p) dbinom(x_t, n_t, p + difference, log = TRUE) + dbinom(x_c, n_c, p, log = TRUE)
  ends <- c(max(0, -difference), min(1, 1 - difference)) + c(1e-9, -1e-9)
  p <- optimize(likelihood, ends, maximum = TRUE, tol = 1e-12)$maximum
  q <- p + difference
  (x_t / n_t - x_c / n_c - difference) / sqrt(q * (1 - q) / n_t + p * (1 - p) / n_c)
}
tumour <- function(difference) score(83, 88, 69, 76, difference)

results <- list(
  tumour = pnorm(tumour(-0.1), lower.tail = FALSE),
  tumour_limit = uniroot(function(d) tumour(d) - qnorm(0.95), c(-0.3, 0.03), tol = 1e-12)$root,
  cookie_cats = max(pnorm(score(8279, 45489, 8502, 44700, -0.015), lower.tail = FALSE),
                    pnorm(score(8279, 45489, 8502, 44700, 0.015))),
  noninferior = test(drug_1, drug_2, mu = -3, alternative = "greater"),
  noninferior_decrease = test(drug_2, drug_1, mu = 3, alternative = "less", conf.level = 0.975),
  superior = test(drug_2, drug_1, mu = 0.5, alternative = "greater", conf.level = 0.9),
  two_sided = test(drug_2, drug_1, mu = 0.5),
  equivalent = tost(scores_1, scores_2, -11, 11, 0.05),
  equivalent_unequal = tost(scores_1, scores_2, -2, 12, 0.025),
  relative = contrast(scores_1, scores_2, -0.05),
  relative_up = contrast(scores_1, scores_2, 0.4),
  relative_limit = limit(scores_1, scores_2, 0.05, -1),
  relative_limit_up = limit(scores_1, scores_2, 0.05, 1),
  negative = contrast(-scores_1, -scores_2, 0.05),
  # One-sided p-value of the control mean being 0, on the degrees of freedom of the difference.
  separation = pt(unname(t.test(drug_1)$statistic), unname(t.test(drug_2, drug_1)$parameter),
                  lower.tail = FALSE)
)
cat(toJSON(results, digits = NA, auto_unbox = TRUE, pretty = TRUE), "\n")
