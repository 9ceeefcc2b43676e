# Adjusted comparisons by R from units, and the moments of those units.
#
#   Rscript adjustment.R folder > adjustment.json      (R 4.2, estimatr 1.0, survey 4.1)
#
# The folder holds CSV files of public data: nsw_dehejia_wahba.csv (R package causaldata, nsw_mixtape),
# star_kindergarten.csv (R package AER, STAR, pupils with a kindergarten class) and hillstrom.csv (the
# MineThatData e-mail challenge of 2008). Only moments are stored, not the data.

suppressMessages({library(estimatr); library(survey); library(jsonlite)})
folder <- commandArgs(trailingOnly = TRUE)[1]
read <- function(name) read.csv(file.path(folder, paste0(name, ".csv")), stringsAsFactors = FALSE)

# Moments of the columns of a matrix, for each level of a factor.
moments <- function(x, arm) {
  x <- as.matrix(x)
  parts <- lapply(levels(arm), function(one) {
    own <- x[arm == one, , drop = FALSE]
    if (nrow(own) == 0) return(list(n = 0, mean = rep(0, ncol(x)), c2 = diag(0, ncol(x))))
    away <- sweep(own, 2, colMeans(own))
    list(n = nrow(own), mean = unname(colMeans(own)), c2 = unname(crossprod(away)))
  })
  list(n = sapply(parts, `[[`, "n"), mean = lapply(parts, `[[`, "mean"),
       c2 = lapply(parts, `[[`, "c2"))
}

welch <- function(v, df) sum(v)^2 / sum(v^2 / df)

# Analysis of covariance by lm, and its standard error if each arm has its own residual variance.
ancova <- function(y, x, arm) {
  fit <- lm(y ~ arm + x)
  kept <- !is.na(coef(fit))
  design <- model.matrix(fit)[, kept, drop = FALSE]
  h <- hatvalues(fit)
  df <- tapply(1 - h, arm, sum)
  s2 <- c(tapply(resid(fit)^2, arm, sum) / df)
  bread <- solve(crossprod(design))
  v <- bread %*% crossprod(design * unname(s2)[arm], design) %*% bread
  n <- table(arm)
  terms <- paste0("arm", levels(arm)[-1])
  of <- function(values) unname(as.vector(values))
  # As `adjust` has it: theta taken for known.
  known <- if (NCOL(x) == 1) t.test(y - coef(fit)["x"] * x ~ arm, subset = arm %in% levels(arm)[1:2])
  list(
    known_std_error = known$stderr, known_df = unname(known$parameter),
    known_p_value = known$p.value,
    estimate = of(coef(fit)[terms]), theta = of(coef(fit)[-seq_len(nlevels(arm))]),
    std_error_equal = of(summary(fit)$coefficients[terms, 2]),
    std_error = of(sqrt(diag(v)[terms])),
    df = sapply(levels(arm)[-1], function(one) {
      both <- c(levels(arm)[1], one)
      unname(welch((s2 / n)[both], df[both]))
    }, USE.NAMES = FALSE),
    hc2 = of(lm_robust(y ~ arm + x, se_type = "HC2")$std.error[terms]),
    explained = 1 - summary(fit)$sigma^2 / summary(lm(y ~ arm))$sigma^2
  )
}

# Each arm's own fit, read off at the means of all; the means' own variance beside it.
interacted <- function(y, x, arm) {
  x <- as.matrix(x)
  colnames(x) <- paste0("x", seq_len(ncol(x)))
  data <- data.frame(y, arm, x)
  formula <- reformulate(colnames(x), "y")
  at <- as.data.frame(t(colMeans(x)))
  fits <- lapply(levels(arm), function(one) lm(formula, data[data$arm == one, ]))
  seen <- lapply(fits, predict, newdata = at, se.fit = TRUE)
  theta <- sapply(fits, function(fit) coef(fit)[-1])
  theta <- matrix(theta, nrow = ncol(x))
  of_theta <- lapply(fits, function(fit) vcov(fit)[-1, -1, drop = FALSE])
  n <- as.vector(table(arm))
  means <- Reduce(`+`, lapply(seq_along(n), function(k) {
    var(x[arm == levels(arm)[k], , drop = FALSE]) * n[k] / sum(n)^2
  }))
  # theta' S theta is too large by the trace of S V(theta) on average.
  quadratic <- function(away, v) drop(t(away) %*% means %*% away) - sum(means * v)
  value <- sapply(seen, `[[`, "fit")
  own <- sapply(seen, `[[`, "se.fit")^2
  lin <- lm_lin(y ~ arm, as.formula(paste("~", paste(colnames(x), collapse = "+"))), data)
  terms <- paste0("arm", levels(arm)[-1])
  list(
    mean = unname(value), estimate = unname(value[-1] - value[1]), theta = t(theta),
    conditional = sqrt(own[-1] + own[1]),
    std_error = sapply(seq_along(n)[-1], function(k) {
      both <- of_theta[[k]] + of_theta[[1]]
      sqrt(own[k] + own[1] + quadratic(theta[, k] - theta[, 1], both))
    }),
    std_error_control = sqrt(own[1] + quadratic(theta[, 1], of_theta[[1]])),
    df = sapply(seq_along(n)[-1], function(k) {
      welch(sapply(c(1, k), function(j) sigma(fits[[j]])^2 / n[j]),
            sapply(c(1, k), function(j) fits[[j]]$df.residual))
    }),
    lin_estimate = unname(lin$coefficients[terms]), lin_hc2 = unname(lin$std.error[terms])
  )
}

# Post-stratification: lm_robust with a mean for each arm in each stratum, HC2, is s^2/n in each.
stratified <- function(y, arm, stratum, given = stratum) {
  cell <- interaction(arm, stratum, drop = TRUE)
  fit <- lm_robust(y ~ 0 + cell, se_type = "HC2")
  share <- table(stratum) / length(stratum)
  weights <- sapply(levels(arm), function(one) {
    found <- setNames(numeric(nlevels(cell)), levels(cell))
    found[paste(one, names(share), sep = ".")] <- share
    found
  })
  rownames(weights) <- paste0("cell", rownames(weights))
  weights <- weights[names(coef(fit)), ]
  means <- drop(t(weights) %*% coef(fit))
  v <- t(weights) %*% fit$vcov %*% weights
  in_strata <- sapply(levels(arm), function(one) tapply(y[arm == one], stratum[arm == one], mean))
  away <- sweep(in_strata, 2, means)
  between <- t(away) %*% (as.vector(share) * away)
  # The strata's means differ by chance too: without that, `between` is unbiased.
  noise <- colSums(weights * (1 - rowSums(weights)) * diag(fit$vcov))
  total <- v + (between - diag(noise)) / length(y)
  parts <- diag(fit$vcov) * rowSums(weights)^2
  sizes <- as.vector(table(cell)[sub("^cell", "", names(coef(fit)))])
  # The survey package, arm by arm: with-replacement linearisation, the same but for n - 1.
  surveyed <- lapply(levels(arm), function(one) {
    own <- data.frame(y = y[arm == one], stratum = stratum[arm == one])
    design <- svydesign(ids = ~1, data = own, weights = rep(1, nrow(own)))
    post <- postStratify(design, ~stratum, data.frame(stratum = names(share),
                                                      Freq = as.vector(table(stratum))))
    svymean(~y, post)
  })
  split <- paste(rep(levels(given), each = nlevels(arm)), levels(arm))
  cells <- moments(cbind(y), factor(paste(given, arm), levels = split))
  list(
    moments = cells, mean = unname(means), estimate = unname(means[2] - means[1]),
    conditional = sqrt(sum(v * c(1, -1, -1, 1))), std_error = sqrt(sum(total * c(1, -1, -1, 1))),
    variances = unname(diag(total)), covariance = unname(total[1, 2]),
    df = sum(parts)^2 / sum(parts^2 / (sizes - 1)),
    survey_mean = sapply(surveyed, function(one) unname(coef(one))),
    survey_std_error = sapply(surveyed, function(one) unname(SE(one)[1])),
    plain = unname(diff(tapply(y, arm, mean))),
    plain_std_error = unname(sqrt(sum(tapply(y, arm, function(v) var(v) / length(v)))))
  )
}

# Strata merged by hand, the smallest first, until each has two units in both arms.
merged <- function(arm, stratum) {
  units <- table(stratum, arm)
  order <- names(sort(apply(units, 1, min)))
  for (last in 0:length(order)) {
    found <- factor(ifelse(stratum %in% order[seq_len(last)], "merged", as.character(stratum)))
    if (all(table(found, arm) >= 2)) return(found)
  }
}

both <- function(y, x, arm) {
  list(moments = moments(cbind(y, x), arm), ancova = ancova(y, x, arm),
       interacted = interacted(y, x, arm))
}

nsw <- read("nsw_dehejia_wahba")
nsw$age2 <- nsw$age^2
treat <- factor(nsw$treat)
demographic <- c("age", "age2", "educ", "black", "hisp", "nodegree", "marr")

star <- read("star_kindergarten")
star$score <- star$readk + star$mathk
star$arm <- factor(star$stark, levels = c("regular", "small", "regular+aide"))
star$boy <- as.numeric(star$gender == "male")
star$free <- as.numeric(star$lunchk == "free")
star$black <- as.numeric(star$ethnicity == "afam")
star$free[star$lunchk == ""] <- NA
star$black[star$ethnicity == ""] <- NA
taught <- star[complete.cases(star[, c("score", "experiencek")]), ]
known <- star[complete.cases(star[, c("score", "experiencek", "boy", "free", "black")]), ]
small <- star[!is.na(star$score) & star$arm != "regular+aide", ]
small$arm <- droplevels(small$arm)
enough <- rowSums(table(small$schoolidk, small$arm) >= 2) == 2
small <- small[enough[as.character(small$schoolidk)], ]

hillstrom <- read("hillstrom")
segment <- factor(hillstrom$segment, levels = c("No E-Mail", "Mens E-Mail", "Womens E-Mail"))

# A ratio with a ratio and a mean as covariates: linearised unit by unit, then as above.
set.seed(20130204)
n <- 900
arm <- factor(rep(c("control", "treatment"), c(300, 600)))
latent <- rgamma(n, 2)
den <- 1 + rpois(n, 3)
den_cov <- 1 + rpois(n, 3)
num <- latent * den + rnorm(n) + 0.3 * (arm == "treatment") * latent * den
num_cov <- latent * den_cov + rnorm(n)
other <- latent + rnorm(n)
linear <- function(x, y) {
  unsplit(lapply(split(data.frame(x, y), arm), function(own) {
    value <- mean(own$x) / mean(own$y)
    value + (own$x - value * own$y) / mean(own$y)
  }), arm)
}
outcome <- linear(num, den)
covariates <- cbind(linear(num_cov, den_cov), other)

# One covariate twice over, one constant, one a sum of others: lm leaves out what adds nothing.
collinear <- cbind(other, 2 * other - 1, rep(7, n), num_cov, other + num_cov)

result <- list(
  versions = list(R = as.character(getRversion()), estimatr = as.character(packageVersion("estimatr")),
                  survey = as.character(packageVersion("survey"))),
  nsw_demographic = both(nsw$re78, as.matrix(nsw[, demographic]), treat),
  nsw_1975 = both(nsw$re78, as.matrix(nsw[, "re75", drop = FALSE]), treat),
  nsw = both(nsw$re78, as.matrix(nsw[, c(demographic, "re74", "re75")]), treat),
  star_experience = both(taught$score, as.matrix(taught[, "experiencek", drop = FALSE]), taught$arm),
  star = both(known$score, as.matrix(known[, c("experiencek", "boy", "free", "black")]), known$arm),
  hillstrom = both(hillstrom$spend, as.matrix(hillstrom[, "history", drop = FALSE]), segment),
  hillstrom_visit = both(hillstrom$visit, as.matrix(hillstrom[, c("history", "recency", "newbie")]),
                         segment),
  ratio = list(moments = moments(cbind(num, den, num_cov, den_cov, other), arm),
               ancova = ancova(outcome, covariates, arm)),
  collinear = list(moments = moments(cbind(num, collinear), arm),
                   ancova = ancova(num, collinear, arm)),
  nsw_degree = stratified(nsw$re78, treat, factor(nsw$nodegree)),
  nsw_education = stratified(nsw$re78, treat, merged(treat, factor(nsw$educ)), factor(nsw$educ)),
  schools = stratified(small$score, small$arm, factor(small$schoolidk))
)
cat(toJSON(result, digits = I(17), auto_unbox = TRUE), "\n")
