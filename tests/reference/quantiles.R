# Quantiles: Rscript tests/reference/quantiles.R > tests/reference/quantiles.json
# survey 4.1.1 (Woodruff's interval, clustered by unit), quantreg 5.94, Hmisc 4.8.0. The waiting
# times are made from whole numbers, so that Python makes the same (`waiting_times` in
# tests/validation/quantiles.py).
suppressPackageStartupMessages({library(survey); library(quantreg); library(Hmisc); library(jsonlite)})
set.seed(1)

size <- 8000
i <- 0:(size - 1)
k <- (i * 6947) %% 9973
unit <- (k * k * 800) %/% 9973^2
spread <- qnorm(((i * 7919) %% 10007 + 0.5) / 10007)
unit_effect <- qnorm(((unit * 619) %% 1009 + 0.5) / 1009)
arm <- i %% 2
wait <- exp(5.7 + 0.4 * unit_effect + 0.4 * spread) * (1 + 0.05 * arm)

alpha <- 2 * pnorm(-1.96)
ids <- list(clustered = unit, independent = i)
out <- list()
for (design_name in names(ids)) for (q in c(0.5, 0.9, 0.95)) {
  pooled <- unname(quantile(wait, q, type = 7))
  for (a in 0:1) {
    here <- arm == a
    x <- wait[here]
    frame <- data.frame(x = x, id = ids[[design_name]][here])
    design <- svydesign(ids = ~id, weights = ~1, data = frame)
    row <- list(design = design_name, quantile = q, arm = a, n = length(unique(frame$id)))
    # Threshold of the arm alone: survey as it is.
    theirs <- svyquantile(~x, design, q, alpha = alpha, qrule = "hf7", df = Inf)$x[1, ]
    row$value <- theirs[[1]]; row$lower <- theirs[[2]]; row$upper <- theirs[[3]]
    row$std_error <- theirs[[4]]
    # Threshold of both arms pooled: the variance of the share by survey, carried to q.
    share <- svymean(~I(as.numeric(x <= pooled)), design)
    p <- as.numeric(coef(share)); v <- as.numeric(vcov(share))
    s <- sqrt(v * q * (1 - q) / (p * (1 - p)))
    limits <- unname(quantile(x, c(q - 1.96 * s, q + 1.96 * s), type = 7))
    row$share <- p; row$share_std_error <- sqrt(v)
    row$effective_n <- min(length(x), p * (1 - p) / v * length(x) / (length(x) - 1))
    row$pooled_lower <- limits[1]; row$pooled_upper <- limits[2]
    row$pooled_std_error <- (limits[2] - limits[1]) / (2 * 1.96)
    # Other ways to a standard error.
    if (design_name == "independent" && a == 0) {
      row$nid <- summary(rq(x ~ 1, tau = q), se = "nid")$coefficients[1, 2]
      row$harrell_davis <- as.numeric(attr(hdquantile(x, q, se = TRUE), "se"))
    }
    if (a == 0) row$bootstrap <- sd(sapply(1:2000, function(r) {
      groups <- split(x, frame$id)
      quantile(unlist(groups[sample(length(groups), replace = TRUE)], use.names = FALSE), q)
    }))
    out[[length(out) + 1]] <- row
  }
}

# The two arms of each: difference, log ratio, non-inferiority to 10 % slower.
pairs <- list()
for (j in seq(1, length(out), 2)) {
  a <- out[[j]]; b <- out[[j + 1]]
  d <- b$value - a$value
  se <- sqrt(a$pooled_std_error^2 + b$pooled_std_error^2)
  r <- log(b$value / a$value)
  # Delta method by numerical derivatives of the log ratio.
  gradient <- numericDeriv(quote(log(y / x)), c("x", "y"), list2env(list(x = a$value, y = b$value)))
  g <- as.numeric(attr(gradient, "gradient"))
  se_r <- sqrt(sum(g^2 * c(a$pooled_std_error, b$pooled_std_error)^2))
  pairs[[length(pairs) + 1]] <- list(
    design = a$design, quantile = a$quantile, std_error = se, p_value = 2 * pnorm(-abs(d) / se),
    lower = d - qnorm(0.975) * se, upper = d + qnorm(0.975) * se,
    ratio_std_error = se_r, ratio_p_value = 2 * pnorm(-abs(r) / se_r),
    lift_lower = exp(r - qnorm(0.975) * se_r) - 1, lift_upper = exp(r + qnorm(0.975) * se_r) - 1,
    p_value_noninferior = pnorm((r - log(1.1)) / se_r))
}

# Schools of California in 15 districts: the data set apiclus1 of survey.
data(api)
schools <- list()
for (q in c(0.25, 0.5, 0.75)) {
  below <- as.numeric(apiclus1$api00 <= unname(quantile(apiclus1$api00, q, type = 7)))
  num <- tapply(below, apiclus1$dnum, sum); den <- tapply(below, apiclus1$dnum, length)
  centred <- function(x, y = x) sum((x - mean(x)) * (y - mean(y)))
  m <- svymean(~below, svydesign(ids = ~dnum, weights = ~1, data = data.frame(below, apiclus1)))
  schools[[length(schools) + 1]] <- list(
    quantile = q, n = length(num), mean_num = mean(num), m2_num = centred(num),
    mean_den = mean(den), m2_den = centred(den), c2_num_den = centred(num, den),
    share = as.numeric(coef(m)), share_std_error = as.numeric(SE(m)))
}

# Exact ranks: P(B < lower) and P(B >= upper) at most 2.5 % for B binomial (n, q).
ranks <- list()
for (n in c(100, 400, 1000, 100000)) for (q in c(0.5, 0.9)) if (n * (1 - q) >= 50)
  ranks[[length(ranks) + 1]] <- list(n = n, quantile = q, lower = qbinom(0.025, n, q),
                                     upper = qbinom(0.975, n, q) + 1)
cat(toJSON(list(arms = out, pairs = pairs, schools = schools, ranks = ranks), auto_unbox = TRUE, digits = NA,
           pretty = TRUE), "\n")
