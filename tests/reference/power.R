# Power and sample sizes by R's power.t.test and power.prop.test, pwr and rpact; Owen's Q and
# always-valid boundaries by integrate() and uniroot().
#
#   Rscript power.R > power.json      (R 4.2, pwr 1.3, rpact 3.3.4)

suppressMessages({library(pwr); library(rpact); library(jsonlite)})
options(warn = -1)
exact <- 1e-13
rows <- function(frame, f) lapply(seq_len(nrow(frame)), function(i) {
  given <- as.list(frame[i, , drop = FALSE])
  c(given, f(given))
})

# Means: strict counts both tails. Solved by uniroot on R's own power.
t_power <- function(n1, n2, d, alpha, sides) {
  df <- n1 + n2 - 2; ncp <- d / sqrt(1 / n1 + 1 / n2); q <- qt(alpha / sides, df, lower = FALSE)
  pt(q, df, ncp, lower = FALSE) + (if (sides == 2) pt(-q, df, ncp) else 0)
}
means <- rows(expand.grid(delta = c(0.2, 0.5, 1.5), sd = c(1, 2), n = c(5, 20, 400)), function(g) list(
  two = power.t.test(n = g$n, delta = g$delta, sd = g$sd, strict = TRUE)$power,
  one = power.t.test(n = g$n, delta = g$delta, sd = g$sd, alternative = "one.sided")$power))
means_n <- rows(expand.grid(delta = c(0.1, 0.5, 1.2), power = c(0.8, 0.95), alpha = c(0.05, 0.001)),
  function(g) list(
    two = power.t.test(delta = g$delta, power = g$power, sig.level = g$alpha, strict = TRUE, tol = exact)$n,
    one = power.t.test(delta = g$delta, power = g$power, sig.level = g$alpha,
                       alternative = "one.sided", tol = exact)$n))
means_detectable <- rows(expand.grid(n = c(5, 50, 5000), power = c(0.8, 0.9)), function(g) list(
  two = power.t.test(n = g$n, power = g$power, sd = 3, strict = TRUE, tol = exact)$delta))
unequal <- rows(data.frame(n1 = c(28, 100, 10), n2 = c(35, 20, 500), d = c(0.6, 0.7, 0.4)), function(g)
  list(power = pwr.t2n.test(g$n1, g$n2, d = g$d)$power))

# Welch with unequal deviations: integrate the normal power over a chi of Satterthwaite's df.
welch <- rows(data.frame(n1 = c(10, 50, 30), n2 = c(40, 25, 30), s1 = c(1, 3, 2), s2 = c(4, 1, 2),
                         d = c(2, 1.5, 1)), function(g) {
  v <- c(g$s1^2 / g$n1, g$s2^2 / g$n2); df <- sum(v)^2 / sum(v^2 / c(g$n1 - 1, g$n2 - 1))
  q <- qt(0.975, df); ncp <- g$d / sqrt(sum(v))
  h <- function(s) (pnorm(ncp - q * s) + pnorm(-q * s - ncp)) * 2 * df * s * dchisq(df * s^2, df)
  list(power = integrate(h, 0, 1, rel.tol = 1e-12)$value + integrate(h, 1, 6, rel.tol = 1e-12)$value)
})

# Non-inferiority and superiority by a margin, of means and of ratios of means.
margins <- rows(expand.grid(alternative = c(0, 0.3), theta = c(-0.2, -0.5), ratio = c(1, 3)), function(g) list(
  normal = getSampleSizeMeans(alternative = g$alternative, stDev = 1, thetaH0 = g$theta, alpha = 0.025,
    beta = 0.2, normalApproximation = TRUE, allocationRatioPlanned = g$ratio)$nFixed,
  t = getSampleSizeMeans(alternative = g$alternative, stDev = 1, thetaH0 = g$theta, alpha = 0.025,
    beta = 0.2, normalApproximation = FALSE, allocationRatioPlanned = g$ratio)$nFixed))
# rpact's stDev of a ratio of means is the coefficient of variation.
relative <- rows(expand.grid(m = c(0.02, 0.1), cv = c(0.5, 2), ratio = c(1, 0.25)), function(g) list(
  n = getSampleSizeMeans(meanRatio = TRUE, thetaH0 = 1 - g$m, alternative = 1, stDev = g$cv,
    alpha = 0.025, beta = 0.1, normalApproximation = TRUE, allocationRatioPlanned = g$ratio)$nFixed))
power_means <- rows(data.frame(n = c(60, 200), theta = c(-0.3, 0.1), alternative = c(0.2, 0.5)), function(g)
  list(power = getPowerMeans(alternative = g$alternative, stDev = 1.2, thetaH0 = g$theta, alpha = 0.025,
    maxNumberOfSubjects = g$n, normalApproximation = FALSE)$overallReject))

# Proportions: pi1 treatment, pi2 control.
proportions <- rows(data.frame(
  pi1 = c(0.11, 0.02, 0.1, 0.1, 0.85, 0.5, 0.001, 0.10), pi2 = c(0.1, 0.01, 0.1, 0.1, 0.85, 0.75, 0.002, 0.13),
  theta = c(0, 0, -0.02, -0.01, -0.1, 0, 0, 0.05), ratio = c(1, 1, 1, 2, 0.5, 1, 3, 1),
  upper = c(TRUE, TRUE, TRUE, TRUE, TRUE, FALSE, FALSE, FALSE)), function(g) {
  found <- if (g$theta == 0) getSampleSizeRates(pi1 = g$pi1, pi2 = g$pi2, alpha = 0.025, beta = 0.2,
      allocationRatioPlanned = g$ratio, normalApproximation = TRUE)
    else getSampleSizeRates(pi1 = g$pi1, pi2 = g$pi2, thetaH0 = g$theta, alpha = 0.025, beta = 0.2,
      allocationRatioPlanned = g$ratio, normalApproximation = TRUE)
  list(n = found$nFixed)
})
risk_ratio <- rows(expand.grid(p = c(0.1, 0.4), theta = c(0.8, 0.95), ratio = c(1, 2)), function(g) list(
  n = getSampleSizeRates(riskRatio = TRUE, pi1 = g$p, pi2 = g$p, thetaH0 = g$theta, alpha = 0.025,
    beta = 0.2, allocationRatioPlanned = g$ratio)$nFixed))
prop_test <- rows(data.frame(n = c(50, 1000), p1 = c(0.5, 0.1), p2 = c(0.75, 0.13)), function(g) list(
  power = power.prop.test(g$n, g$p1, g$p2, strict = TRUE)$power,
  p2_at_90 = power.prop.test(g$n, g$p1, power = 0.9, strict = TRUE, tol = exact)$p2,
  n_at_90 = power.prop.test(p1 = g$p1, p2 = g$p2, power = 0.9, strict = TRUE, tol = exact)$n))
arcsine <- rows(data.frame(p1 = c(0.10, 0.01), p2 = c(0.11, 0.0115), n1 = c(14000, 60000), n2 = c(16000, 90000)),
  function(g) list(power = pwr.2p2n.test(h = ES.h(g$p2, g$p1), n1 = g$n1, n2 = g$n2)$power))

# Equivalence: Owen's Q by integrate().
tost <- rows(data.frame(n1 = c(12, 30, 100, 8), n2 = c(12, 45, 100, 9), m = c(1.2, 0.7, 0.5, 1), d = c(0, 0.2, -0.05, 0)),
  function(g) {
    df <- g$n1 + g$n2 - 2; se <- sqrt(1 / g$n1 + 1 / g$n2); q <- qt(0.95, df)
    h <- function(s) (pnorm((g$m - g$d) / se - q * s) - pnorm((-g$m - g$d) / se + q * s)) *
      2 * df * s * dchisq(df * s^2, df)
    top <- g$m / (se * q); mid <- min(1, top)
    list(power = integrate(h, 0, mid, rel.tol = 1e-12)$value +
           (if (top > 1) integrate(h, 1, min(top, 8), rel.tol = 1e-12)$value else 0))
  })

# Relative equivalence of rates and means with known deviations: a bivariate normal probability.
suppressMessages(library(mvtnorm))
relative_tost <- rows(data.frame(mean = c(10, 2), sd = c(20, 3), n1 = c(4000, 6000), n2 = c(4000, 3000),
                                 m = c(0.1, 0.15), d = c(0, 0.02)), function(g) {
  v <- c(g$sd^2 / g$n1, g$sd^2 / g$n2); w <- c(1 - g$m, 1 + g$m); q <- qt(0.95, sum(v)^2 / sum(v^2 / c(g$n1 - 1, g$n2 - 1)))
  se <- sqrt(v[2] + w^2 * v[1]); gap <- c(g$d + (1 - w[1]) * g$mean, (w[2] - 1) * g$mean - g$d)
  rho <- -(v[2] + prod(w) * v[1]) / prod(se)
  list(power = pmvnorm(lower = q - gap / se, corr = matrix(c(1, rho, rho, 1), 2), algorithm = TVPACK(1e-14))[1])
})

# Group sequential: largest and expected sample sizes.
designs <- list()
for (type in c("asOF", "asP")) for (k in c(2, 5)) for (alpha in c(0.025, 0.0125)) {
  d <- getDesignGroupSequential(kMax = k, alpha = alpha, beta = 0.2, sided = 1, typeOfDesign = type)
  s <- getSampleSizeMeans(d, alternative = 0.3, stDev = 1, normalApproximation = TRUE)
  designs[[length(designs) + 1]] <- list(type = type, looks = k, alpha = alpha,
    n_max = s$maxNumberOfSubjects, n_expected = s$expectedNumberOfSubjectsH1,
    n_expected_h0 = s$expectedNumberOfSubjectsH0)
}

# Always-valid: the mixture boundary by its definition.
two_sided <- function(r, alpha) uniroot(function(z) {
  log(integrate(function(t) exp(z * sqrt(r) * t - r * t^2 / 2) * dnorm(t), -Inf, Inf, rel.tol = 1e-12)$value) +
    log(alpha) }, c(0, 20), tol = exact)$root
one_sided <- function(r, alpha) uniroot(function(z) {
  log(2 * integrate(function(t) exp(z * sqrt(r) * t - r * t^2 / 2) * dnorm(t), 0, Inf, rel.tol = 1e-12)$value) +
    log(alpha) }, c(0, 20), tol = exact)$root
always_valid <- rows(expand.grid(alpha = c(0.05, 0.005), power = c(0.8, 0.9), side = c("two-sided", "greater"),
                                 stringsAsFactors = FALSE), function(g) {
  f <- if (g$side == "greater") one_sided else two_sided
  lowest <- optimize(function(r) f(exp(r), g$alpha), c(0, 5), tol = 1e-10)
  tails <- if (g$side == "greater") 1 else 2
  fixed <- qnorm(1 - g$alpha / tails); b <- qnorm(g$power); r <- exp(lowest$minimum)
  n <- uniroot(function(n) (fixed + b) * sqrt(n / 1000) - f(r * n / 5000, g$alpha) - b, c(500, 20000), tol = 1e-9)$root
  list(factor = ((lowest$objective + b) / (fixed + b))^2, n = n)
})

# Many arms: Dunnett's critical values by integrate(): one factor, the control.
dunnett <- rows(data.frame(k = c(2, 3, 5), ratio = c(1, 0.5, 1), sides = c(2, 1, 1)), function(g) {
  l <- sqrt(g$ratio / (1 + g$ratio)); s <- sqrt(1 - l^2)
  inside <- function(c) integrate(function(u) dnorm(u) *
    (pnorm((c - l * u) / s) - (if (g$sides == 2) pnorm((-c - l * u) / s) else 0))^g$k,
    -9, 9, rel.tol = 1e-13, subdivisions = 500)$value
  list(critical = uniroot(function(c) inside(c) - 0.95, c(1, 4), tol = exact)$root)
})
arms_any <- rows(data.frame(d1 = c(2.8, 1), d2 = c(2.8, 3)), function(g) {
  q <- qnorm(0.9875); corr <- matrix(c(1, .5, .5, 1), 2)
  list(any = 1 - pmvnorm(upper = c(q - g$d1, q - g$d2), corr = corr, algorithm = TVPACK(1e-14))[1],
       every = pmvnorm(lower = c(q - g$d1, q - g$d2), corr = corr, algorithm = TVPACK(1e-14))[1])
})

cat(toJSON(list(
  means = means, means_n = means_n, means_detectable = means_detectable, unequal = unequal, welch = welch,
  margins = margins, relative = relative, power_means = power_means, proportions = proportions,
  risk_ratio = risk_ratio, prop_test = prop_test, arcsine = arcsine, tost = tost,
  relative_tost = relative_tost, designs = designs, always_valid = always_valid, dunnett = dunnett,
  arms_any = arms_any), auto_unbox = TRUE, digits = NA, pretty = TRUE), "\n")
