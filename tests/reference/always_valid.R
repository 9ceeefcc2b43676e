# References for always-valid methods, from the formulas of the papers and numerical integration.
# Rscript always_valid.R > always_valid.json   (R 4.2.2; packages jsonlite, mvtnorm)
library(jsonlite)

# Mixture of exp(z t - t^2 / 2) over effects t, normal with variance r or half-normal, by
# integration of both factors together, scaled to 1 at the top.
log_mixture <- function(z, r, one_sided) {
  exponent <- function(t) z * t - t^2 / 2 - t^2 / (2 * r)
  peak <- z * r / (1 + r); spread <- sqrt(r / (1 + r))
  low <- if (one_sided) 0 else -Inf
  top <- max(peak, low)
  parts <- sort(unique(pmax(low, c(top, peak + spread * c(-40, -5, 0, 5, 40), spread / max(1, abs(z)) * 40))))
  area <- sum(sapply(seq_len(length(parts) - 1), function(i)
    integrate(function(t) exp(exponent(t) - exponent(top)), parts[i], parts[i + 1],
              rel.tol = 1e-12, abs.tol = 0)$value))
  log(area) + exponent(top) + log(1 + one_sided) - log(2 * pi * r) / 2
}
mixtures <- list()
for (one_sided in c(FALSE, TRUE)) for (r in c(0.01, 1, 8.2, 900)) for (z in c(-2, 0.5, 3, 35)) {
  mixtures[[length(mixtures) + 1]] <- list(
    z = z, r = r, one_sided = one_sided, log_e = log_mixture(z, r, one_sided))
}

boundaries <- list()
for (one_sided in c(FALSE, TRUE)) for (r in c(0.1, 8.2, 1000)) for (alpha in c(0.2, 0.025, 1e-9)) {
  root <- uniroot(function(z) log_mixture(z, r, one_sided) + log(alpha), c(0, 400), tol = 1e-12)$root
  # The closed bounds of Waudby-Smith and others (2024), theorem 2.2 and appendix B.
  closed <- if (one_sided) sqrt(2 * (r + 1) / r * log(1 + sqrt(r + 1) / (2 * alpha)))
            else sqrt(2 * (r + 1) / r * log(sqrt(r + 1) / alpha))
  boundaries[[length(boundaries) + 1]] <- list(
    r = r, alpha = alpha, one_sided = one_sided, z = root, closed = closed)
}

# Tuning. Lambert's lower branch by solving w exp(w) = x; and the published expressions.
lambert_lower <- function(x) uniroot(
  function(t) log(t) - t - log(-x), c(1, 2000), tol = 1e-14)$root * -1
tuning <- lapply(c(0.2, 0.05, 0.005, 1e-6), function(alpha) list(
  alpha = alpha,
  exact = -lambert_lower(-alpha^2 / exp(1)) - 1,
  # Minimum over r of the squared boundary, by golden section.
  searched = exp(optimize(function(s) (1 + exp(-s)) * (log1p(exp(s)) - 2 * log(alpha)),
                          c(-5, 8), tol = 1e-12)$minimum),
  drconfseq = -lambert_lower(-alpha^2 * exp(alpha^2 - 1)) - 1,
  approximate = -2 * log(alpha) + log(1 - 2 * log(alpha)),
  one_sided = exp(optimize(function(s) {
    uniroot(function(z) log_mixture(z, exp(s), TRUE) + log(alpha), c(0, 60), tol = 1e-13)$root
  }, c(0, 5), tol = 1e-10)$minimum)))

# Asymptotic confidence sequence of the difference in tooth growth by supplement, as the pigs come:
# n an arm, tightest at 20 an arm, alpha 0.05.
orange <- ToothGrowth$len[ToothGrowth$supp == "OJ"]
acid <- ToothGrowth$len[ToothGrowth$supp == "VC"]
best <- uniroot(function(r) r - log1p(r) + 2 * log(0.05), c(1, 50), tol = 1e-15)$root
teeth <- lapply(c(5, 10, 20, 30), function(n) {
  d <- mean(orange[1:n]) - mean(acid[1:n])
  v <- (var(orange[1:n]) + var(acid[1:n])) / n
  r <- best * n / 20
  half <- sqrt(v * (1 + r) / r * (log1p(r) - 2 * log(0.05)))
  tau2 <- 4
  lambda <- sqrt(v / (v + tau2)) * exp(tau2 * d^2 / (2 * v * (v + tau2)))
  list(n = n, orange = orange[1:n], acid = acid[1:n], lower = d - half, upper = d + half,
       p_value = min(1, sqrt(1 + r) * exp(-d^2 / v * r / (1 + r) / 2)),
       msprt_p_value = min(1, 1 / lambda),
       msprt_lower = d - sqrt(v * (v + tau2) / tau2 * (log((v + tau2) / v) - 2 * log(0.05))))
})

# Two Bernoulli streams: one unit of each arm per block, the data of the vignette of safestats 0.8
# ("contingency-tables-vignette": seed 19012022, rates 0.2 and 0.5, 95 blocks, beta prior 0.18), one
# block after the other. And blocks of 2 and 1 units.
streams <- function(ya, yb, na, nb, prior_a, prior_b) {
  evidence <- numeric(0); total <- 1; sa <- fa <- sb <- fb <- 0
  for (j in seq_along(ya)) {
    ta <- (sa + prior_a) / (sa + fa + 2 * prior_a); tb <- (sb + prior_b) / (sb + fb + 2 * prior_b)
    t0 <- (na * ta + nb * tb) / (na + nb)
    for (y in c(rep(1, ya[j]), rep(0, na - ya[j]))) total <- total * dbinom(y, 1, ta) / dbinom(y, 1, t0)
    for (y in c(rep(1, yb[j]), rep(0, nb - yb[j]))) total <- total * dbinom(y, 1, tb) / dbinom(y, 1, t0)
    sa <- sa + ya[j]; fa <- fa + na - ya[j]; sb <- sb + yb[j]; fb <- fb + nb - yb[j]
    evidence <- c(evidence, total)
  }
  evidence
}
set.seed(19012022)
ya <- rbinom(95, 1, 0.2); yb <- rbinom(95, 1, 0.5)
pairs <- list(ya = ya, yb = yb, e = streams(ya, yb, 1, 1, 0.18, 0.18))
ya <- rbinom(60, 2, 0.2); yb <- rbinom(60, 1, 0.5)
unequal <- list(ya = ya, yb = yb, e = streams(ya, yb, 2, 1, 0.18, 0.18))

# Chance to cross within eight looks at n/N = 1/8 ... 1, tightest at the end; no effect, and the
# effect that a fixed test at the last look finds with power 0.8. Multivariate normal.
set.seed(1)
crossing <- function(alpha, drift, one_sided) {
  t <- (1:8) / 8
  level <- if (one_sided) alpha / 2 else alpha
  r <- t * if (one_sided) tuning_one[[as.character(level)]] else
    uniroot(function(r) r - log1p(r) + 2 * log(level), c(0.5, 80), tol = 1e-15)$root
  z <- if (one_sided) sapply(r, function(r)
    uniroot(function(z) log_mixture(z, r, TRUE) + log(level), c(0, 60), tol = 1e-12)$root)
  else sqrt((1 + r) / r * (log1p(r) - 2 * log(level)))
  corr <- outer(t, t, function(a, b) sqrt(pmin(a, b) / pmax(a, b)))
  inside <- mvtnorm::pmvnorm(lower = if (one_sided) -Inf else -z, upper = z, mean = drift * sqrt(t), corr = corr,
    algorithm = mvtnorm::GenzBretz(maxpts = 2e7, abseps = 2e-6, releps = 0))
  list(alpha = level, drift = drift, one_sided = one_sided, z = z, probability = 1 - inside[1],
       error = attr(inside, "error"))
}
tuning_one <- list("0.025" = exp(optimize(function(s)
  uniroot(function(z) log_mixture(z, exp(s), TRUE) + log(0.025), c(0, 60), tol = 1e-13)$root,
  c(0, 5), tol = 1e-10)$minimum))
drift <- qnorm(0.975) + qnorm(0.8)
crossings <- list(crossing(0.05, 0, FALSE), crossing(0.05, drift, FALSE), crossing(0.05, 0, TRUE),
                  crossing(0.05, drift, TRUE))

cat(toJSON(list(R = R.version.string, mixtures = mixtures, boundaries = boundaries, tuning = tuning,
                teeth = teeth, pairs = pairs, unequal = unequal, crossings = crossings),
           digits = NA, auto_unbox = TRUE, pretty = TRUE), "\n")
