# Writes proportions.json, read by tests/validation/proportions.py and tests/python/inference:
#   Rscript tests/reference/proportions.R > tests/reference/proportions.json
# R 4.2.2, jsonlite, rpact 3.3.4. What base R has is called; the rest is brute force written from
# the definitions: rates of largest likelihood by uniroot on the score equation, limits by uniroot,
# exact tests by enumerating every table.

suppressMessages({
  library(jsonlite)
  library(rpact)
})
setLogLevel("DISABLED")
z975 <- qnorm(0.975)
root <- function(f, low, high) uniroot(f, c(low, high), tol = 1e-15, maxiter = 10000)$root

# x events among n units; t: treatment, c: control
cases <- list(
  "56/70 and 48/80" = c(56, 70, 48, 80),
  "9/10 and 3/10" = c(9, 10, 3, 10),
  "6/7 and 2/7" = c(6, 7, 2, 7),
  "7/34 and 1/34" = c(7, 34, 1, 34),
  "15/148 and 7/132" = c(15, 148, 7, 132),
  "84/101 and 89/105" = c(84, 101, 89, 105),
  "3/900 and 11/1000" = c(3, 900, 11, 1000),
  "995/1000 and 893/900" = c(995, 1000, 893, 900),
  "160 and 100 of a billion" = c(160, 1e9, 100, 1e9),
  "Cookie Cats, after 1 day" = c(20119, 45489, 20034, 44700),
  "Cookie Cats, after 7 days" = c(8279, 45489, 8502, 44700),
  "Udacity, converted" = c(17264, 145310, 17489, 145274),
  "Udacity, as published" = c(17514, 147276, 17723, 147202),
  "marketing, converted" = c(14423, 564577, 420, 23524),
  "Hillstrom, visits" = c(2171, 11765, 1300, 11668)
)
edges <- list(
  "5/56 and 0/29" = c(5, 56, 0, 29),
  "0/10 and 0/20" = c(0, 10, 0, 20),
  "10/10 and 0/20" = c(10, 10, 0, 20),
  "1/1 and 0/1" = c(1, 1, 0, 1)
)

# Derivative of the log likelihood of events among units, by the rate.
slope <- function(x, n, p) {
  (if (x > 0) x / p else 0) - (if (x < n) (n - x) / (1 - p) else 0)
}

# Score statistic of p_t - p_c = d: the rate of control of largest likelihood solves a monotone
# equation; at an end of the range it is that end.
score_difference <- function(x_t, n_t, x_c, n_c, d) {
  low <- max(0, -d); high <- min(1, 1 - d)
  f <- function(p) slope(x_c, n_c, p) + slope(x_t, n_t, p + d)
  e <- 1e-14 * (high - low)
  p <- if (f(low + e) <= 0) low else if (f(high - e) >= 0) high else root(f, low + e, high - e)
  q <- min(max(p + d, 0), 1)
  (x_t / n_t - x_c / n_c - d) / sqrt(p * (1 - p) / n_c + q * (1 - q) / n_t)
}

score_ratio <- function(x_t, n_t, x_c, n_c, r) {
  high <- min(1, 1 / r)
  f <- function(p) slope(x_c, n_c, p) + r * slope(x_t, n_t, r * p)
  e <- 1e-14 * high
  p <- if (f(e) <= 0) 0 else if (f(high - e) >= 0) high else root(f, e, high - e)
  q <- min(r * p, 1)
  (x_t / n_t - r * x_c / n_c) / sqrt(r^2 * p * (1 - p) / n_c + q * (1 - q) / n_t)
}

difference_limits <- function(k, critical) {
  d <- k[1] / k[2] - k[3] / k[4]
  f <- function(at) score_difference(k[1], k[2], k[3], k[4], at)
  width <- sqrt(k[1] * (k[2] - k[1]) / k[2]^3 + k[3] * (k[4] - k[3]) / k[4]^3) + 3 / min(k[2], k[4])
  c(
    root(function(at) f(at) - critical, max(-1 + 1e-12, d - 4 * width), d - 1e-9 * width),
    root(function(at) f(at) + critical, d + 1e-9 * width, min(1 - 1e-12, d + 4 * width))
  )
}

ratio_limits <- function(k, critical) {
  at <- log(k[1] / k[2] / k[3] * k[4])
  f <- function(y) score_ratio(k[1], k[2], k[3], k[4], exp(y))
  width <- sqrt(1 / k[1] + 1 / k[3])
  exp(c(
    root(function(y) f(y) - critical, at - 5 * width, at - 1e-9 * width),
    root(function(y) f(y) + critical, at + 1e-9 * width, at + 5 * width)
  ))
}

wilson <- function(x, n) as.numeric(suppressWarnings(prop.test(x, n, correct = FALSE))$conf.int)

newcombe <- function(k) {
  p <- k[1] / k[2]; q <- k[3] / k[4]
  t <- wilson(k[1], k[2]); c <- wilson(k[3], k[4])
  c(
    p - q - sqrt((p - t[1])^2 + (c[2] - q)^2),
    p - q + sqrt((t[2] - p)^2 + (q - c[1])^2)
  )
}

# Noncentral hypergeometric tails of treatment's events, on the log scale.
odds_limits <- function(k) {
  total <- k[1] + k[3]
  support <- max(0, total - k[4]):min(total, k[2])
  base <- dhyper(support, k[2], k[4], total, log = TRUE)
  tail <- function(y, keep) {
    d <- base + y * support
    d <- exp(d - max(d))
    sum(d[keep]) / sum(d)
  }
  at <- log(k[1] * (k[4] - k[3]) / k[3] / (k[2] - k[1]))
  width <- 12 * sqrt(1 / k[1] + 1 / k[3] + 1 / (k[2] - k[1]) + 1 / (k[4] - k[3]))
  exp(c(
    root(function(y) log(tail(y, support >= k[1]) / 0.025), at - width, at),
    root(function(y) log(0.025 / tail(y, support <= k[1])), at, at + width)
  ))
}

describe <- function(k) {
  table <- matrix(c(k[1], k[2] - k[1], k[3], k[4] - k[3]), 2)
  pooled <- suppressWarnings(prop.test(k[c(1, 3)], k[c(2, 4)], correct = FALSE))
  adjusted <- suppressWarnings(
    prop.test(k[c(1, 3)] + 1, k[c(2, 4)] + 2, correct = FALSE)
  )
  units <- k[2] + k[4]
  inflated <- z975 * sqrt(units / (units - 1))
  data <- data.frame(arm = c(0, 1), events = k[c(3, 1)], rest = k[c(4, 2)] - k[c(3, 1)])
  log_link <- suppressWarnings(glm(
    cbind(events, rest) ~ arm, binomial(link = "log"), data,
    start = c(log(k[3] / k[4]), 0), control = glm.control(epsilon = 1e-16, maxit = 200)
  ))
  tails <- c(
    phyper(k[1], k[2], k[4], k[1] + k[3]),
    phyper(k[1] - 1, k[2], k[4], k[1] + k[3], lower.tail = FALSE)
  )
  small <- max(k) < 1e6
  list(
    counts = k,
    pooled_p = pooled$p.value,
    wald = as.numeric(pooled$conf.int),
    agresti_caffo = as.numeric(adjusted$conf.int),
    newcombe = newcombe(k),
    mee = difference_limits(k, z975),
    miettinen_nurminen = difference_limits(k, inflated),
    koopman = ratio_limits(k, z975),
    miettinen_nurminen_ratio = ratio_limits(k, inflated),
    katz = as.numeric(exp(confint.default(log_link)["arm", ])),
    fisher_tails = tails,
    fisher_two_sided = if (small) fisher.test(table)$p.value,
    odds_ratio = if (small) odds_limits(k)
  )
}

describe_edge <- function(k) {
  pooled <- suppressWarnings(prop.test(k[c(1, 3)] + 1, k[c(2, 4)] + 2, correct = FALSE))
  list(
    counts = k,
    agresti_caffo = as.numeric(pooled$conf.int),
    newcombe = newcombe(k),
    fisher_two_sided = fisher.test(matrix(c(k[1], k[2] - k[1], k[3], k[4] - k[3]), 2))$p.value
  )
}

# Score tests at a margin: rpact's Farrington-Manning statistic, one stage.
margins <- list(
  c(83, 88, 69, 76, -0.1), c(173, 181, 174, 181, -0.05), c(8279, 45489, 8502, 44700, -0.01),
  c(14423, 564577, 420, 23524, 0.005), c(3, 900, 11, 1000, 0.002)
)
at_margin <- function(k) {
  results <- getStageResults(
    getDesignGroupSequential(kMax = 1, alpha = 0.025),
    getDataset(n1 = k[2], n2 = k[4], events1 = k[1], events2 = k[3]),
    thetaH0 = k[5], directionUpper = TRUE
  )
  list(
    counts = k[1:4], margin = k[5],
    rpact_z = results$overallTestStatistics, rpact_p = results$overallPValues,
    z = score_difference(k[1], k[2], k[3], k[4], k[5])
  )
}
rpact_interval <- function(k) {
  results <- getAnalysisResults(
    getDesignGroupSequential(kMax = 1, alpha = 0.025),
    getDataset(n1 = k[2], n2 = k[4], events1 = k[1], events2 = k[3])
  )
  as.numeric(results$repeatedConfidenceIntervalLowerBounds)
}

# Unconditional exact tests by enumeration: p = sup P(Z >= z) + 1e-6 over the rates of the boundary
# within Clopper-Pearson regions of 1 - 1e-6 in all (Berger and Boos).
unconditional <- function(k, weight, shift, gamma = 1e-6) {
  x <- 0:k[4]; y <- 0:k[2]
  z <- outer(x, y, Vectorize(function(x_c, x_t) {
    d <- x_t / k[2] - weight * x_c / k[4] - shift
    s <- if (weight == 1) score_difference(x_t, k[2], x_c, k[4], shift)
      else score_ratio(x_t, k[2], x_c, k[4], weight)
    if (is.nan(s) || is.infinite(s)) (if (abs(d) < 1e-12) 0 else sign(d) * 1e9) else s
  }))
  seen <- z[k[3] + 1, k[1] + 1]
  region <- z >= seen - 1e-9 * max(1, abs(seen))
  limits <- function(x, n) {
    c(
      if (x == 0) 0 else qbeta(gamma / 4, x, n - x + 1),
      if (x == n) 1 else qbeta(gamma / 4, x + 1, n - x, lower.tail = FALSE)
    )
  }
  c_limits <- limits(k[3], k[4]); t_limits <- limits(k[1], k[2])
  probability <- function(p) {
    q <- min(max(weight * p + shift, 0), t_limits[2])
    sum(dbinom(x, k[4], p) * (region %*% dbinom(y, k[2], q)))
  }
  low <- max(c_limits[1], (t_limits[1] - shift) / weight); high <- c_limits[2]
  grid <- seq(low, high, length.out = 2001)
  values <- sapply(grid, probability)
  best <- 0
  for (i in order(-values)[1:3]) {
    around <- grid[c(max(1, i - 1), min(2001, i + 1))]
    best <- max(best, values[i], optimize(probability, around, maximum = TRUE, tol = 1e-12)$objective)
  }
  list(counts = k, weight = weight, shift = shift, p = best + gamma)
}

boschloo <- function(k) {
  x <- 0:k[4]; y <- 0:k[2]
  fisher <- outer(x, y, function(x_c, x_t) {
    phyper(x_t - 1, k[2], k[4], x_c + x_t, lower.tail = FALSE)
  })
  region <- fisher <= fisher[k[3] + 1, k[1] + 1] * (1 + 1e-9)
  probability <- function(p) sum(dbinom(x, k[4], p) * (region %*% dbinom(y, k[2], p)))
  grid <- seq(0, 1, length.out = 4001)
  values <- sapply(grid, probability)
  best <- 0
  for (i in order(-values)[1:5]) {
    around <- grid[c(max(1, i - 1), min(4001, i + 1))]
    best <- max(best, values[i], optimize(probability, around, maximum = TRUE, tol = 1e-12)$objective)
  }
  list(counts = k, p = best)
}

poisson <- poisson.test(c(11, 6 + 8 + 7), c(800, 1083 + 1050 + 878))
result <- list(
  version = paste(R.version.string, "rpact", packageVersion("rpact")),
  cases = lapply(cases, describe),
  edges = lapply(edges, describe_edge),
  margins = lapply(margins, at_margin),
  rpact_intervals = lapply(cases[c(1, 4, 11, 14)], rpact_interval),
  fisher_billion = list(
    list(counts = c(1.0005e8, 1e9, 1e8, 1e9),
         greater = phyper(1.0005e8 - 1, 1e9, 1e9, 2.0005e8, lower.tail = FALSE)),
    list(counts = c(1.005e8, 1e9, 1e8, 1e9),
         greater = phyper(1.005e8 - 1, 1e9, 1e9, 2.005e8, lower.tail = FALSE))
  ),
  poisson_limits = as.numeric(poisson$conf.int),
  binomial = list(
    list(counts = c(8, 1000, 1, 1000), less = pbinom(8, 9, 0.5),
         greater = pbinom(7, 9, 0.5, lower.tail = FALSE)),
    list(counts = c(4, 3000, 9, 1000), less = pbinom(4, 13, 0.75),
         greater = pbinom(3, 13, 0.75, lower.tail = FALSE))
  ),
  unconditional = list(
    unconditional(c(83, 88, 69, 76), 1, -0.1),
    unconditional(c(8, 40, 3, 50), 1, 0.02),
    unconditional(c(0, 30, 2, 45), 1, -0.1),
    unconditional(c(20, 25, 24, 30), 0.8, 0),
    unconditional(c(4, 60, 9, 40), 0.5, 0)
  ),
  boschloo = list(
    boschloo(c(74, 117, 31, 63)), boschloo(c(12, 15, 7, 15)), boschloo(c(7, 34, 1, 34)),
    boschloo(c(15, 72, 0, 16)), boschloo(c(3, 3, 0, 3)), boschloo(c(25, 300, 10, 300))
  )
)
cat(toJSON(result, digits = I(17), auto_unbox = TRUE, null = "null", pretty = TRUE), "\n")
