# References for sample-ratio checks. Rscript sample_ratio.R > sample_ratio.json   (R 4.2.2, jsonlite)
library(jsonlite)

# Units of published experiments with the planned shares, and extreme ones made up.
cases <- list(
  cookie_cats = list(c(44700, 45489), c(0.5, 0.5)),
  marketing_planned = list(c(23524, 564577), c(0.04, 0.96)),
  upworthy_5348bd88 = list(c(1917, 2108, 25314, 1902, 2026, 1966, 2022, 2006, 1992), rep(1, 9)),
  upworthy_5255f2b5 = list(c(9270, 7222, 7650, 9056), rep(1, 4)),
  upworthy_543846ae = list(c(3009, 3071, 3050, 3169, 3100), rep(1, 5)),
  asos_54a85a = list(c(3320536, 3320435), c(0.5, 0.5)),
  asos_2c8a04 = list(c(64817937, 64812440), c(0.5, 0.5)),
  hillstrom_rural = list(c(3243, 3139, 3181), rep(1, 3)),
  hillstrom_suburban = list(c(9501, 9625, 9650), rep(1, 3)),
  hillstrom_urban = list(c(8563, 8542, 8556), rep(1, 3)),
  billion = list(c(500000000 + 60000, 500000000 - 60000), c(0.5, 0.5)),
  tiny_tail = list(c(108296, 91704), c(0.5, 0.5)))
chi_square <- lapply(cases, function(x) {
  test <- suppressWarnings(chisq.test(x[[1]], p = x[[2]], rescale.p = TRUE))
  list(counts = x[[1]], shares = x[[2]], p_value = test$p.value, statistic = unname(test$statistic),
       log_p_value = pchisq(unname(test$statistic), length(x[[1]]) - 1, lower.tail = FALSE, log.p = TRUE))
})
# Families of checks with three and with two variants.
families <- list(c("hillstrom_rural", "hillstrom_suburban", "hillstrom_urban"),
                 c("cookie_cats", "marketing_planned", "asos_54a85a", "asos_2c8a04", "billion", "tiny_tail"))
holm <- lapply(families, function(names) list(
  names = names, p_value = p.adjust(sapply(names, function(n) chi_square[[n]]$p_value), "holm")))

# Exact two-sided tests: binom.test, and the multinomial by listing every outcome.
binomial <- lapply(list(c(9, 10, 0.5), c(3, 12, 0.1), c(0, 40, 0.04), c(60, 400, 0.01),
                        c(12, 1e9, 2e-9), c(180, 1e6, 4e-6)), function(x)
  list(x = x[1], n = x[2], share = x[3], p_value = binom.test(x[1], x[2], x[3])$p.value))
every <- function(n, v) {
  if (v == 1) return(matrix(n, 1, 1))
  do.call(rbind, lapply(0:n, function(i) cbind(i, every(n - i, v - 1))))
}
multinomial <- lapply(list(
  list(c(5, 1, 4), c(0.2, 0.3, 0.5)), list(c(0, 9, 2), c(1, 1, 1) / 3),
  list(c(2, 0, 7, 3), c(0.1, 0.2, 0.3, 0.4)), list(c(14, 60, 66), c(0.02, 0.48, 0.5)),
  list(c(1, 0, 0, 0, 11), rep(0.2, 5)), list(c(4, 230, 266), c(0.001, 0.499, 0.5))),
  function(x) {
    outcomes <- every(sum(x[[1]]), length(x[[1]]))
    size <- sum(x[[1]])
    mass <- lgamma(size + 1) + rowSums(outcomes %*% diag(log(x[[2]])) - lgamma(outcomes + 1))
    seen <- dmultinom(x[[1]], prob = x[[2]], log = TRUE)
    list(counts = x[[1]], shares = x[[2]], p_value = sum(exp(sort(mass[mass <= seen + 1e-7]))))
  })

# Bayes factor of Lindon and Malek, by the closed form and, for two variants, by integration.
closed <- function(counts, shares, concentration = 10000) {
  prior <- concentration * shares
  lgamma(concentration) - lgamma(concentration + sum(counts)) +
    sum(lgamma(prior + counts) - lgamma(prior) - counts * log(shares))
}
integrated <- function(counts, share, concentration = 10000) {
  top <- (counts[1] + concentration * share) / (sum(counts) + concentration)
  log_f <- function(t) dbeta(t, concentration * share, concentration * (1 - share), log = TRUE) +
    counts[1] * (log(t) - log(share)) + counts[2] * (log1p(-t) - log1p(-share))
  wide <- sqrt(top * (1 - top) / (sum(counts) + concentration))
  ends <- top + wide * c(-12, -4, 0, 4, 12)
  area <- sum(sapply(1:4, function(i) integrate(function(t) exp(log_f(t) - log_f(top)),
    max(ends[i], 1e-12), min(ends[i + 1], 1 - 1e-12), rel.tol = 1e-11)$value))
  log(area) + log_f(top)
}
bayes <- c(
  lapply(list(list(c(44700, 45489), c(0.5, 0.5)), list(c(5200, 4800), c(0.5, 0.5)),
              list(c(510, 9490), c(0.04, 0.96)), list(c(3, 0), c(0.5, 0.5))), function(x)
    list(counts = x[[1]], shares = x[[2]], log_e = closed(x[[1]], x[[2]]),
         integrated = integrated(x[[1]], x[[2]][1]))),
  lapply(list(list(c(4010, 3985, 2004), c(0.4, 0.4, 0.2)), list(c(9270, 7222, 7650, 9056), rep(0.25, 4)),
              list(c(0, 120, 130), c(0.0001, 0.4999, 0.5))), function(x)
    list(counts = x[[1]], shares = x[[2]], log_e = closed(x[[1]], x[[2]]))))

cat(toJSON(list(R = R.version.string, chi_square = chi_square, holm = holm, binomial = binomial,
                multinomial = multinomial, bayes = bayes), digits = NA, auto_unbox = TRUE, pretty = TRUE), "\n")
