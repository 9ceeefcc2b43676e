# Posteriors by numerical integration and linear algebra.
# Rscript bayes.R > bayes.json   (R 4.2.2; packages jsonlite, mvtnorm)
library(jsonlite)
suppressMessages(library(mvtnorm))

pieces <- function(f, points, ...) {
  points <- sort(unique(points))
  sum(sapply(seq_len(length(points) - 1), function(i)
    integrate(f, points[i], points[i + 1], rel.tol = 1e-13, abs.tol = 0,
              subdivisions = 2000, stop.on.error = FALSE, ...)$value))
}

# --- Two beta posteriors -------------------------------------------------------------------------
# Everything is an integral over x of control's density times a tail or a partial mean of treatment.
quantiles_of <- function(a, b) qbeta(c(1e-18, 1e-9, 1e-4, 0.05, 0.3, 0.5, 0.7, 0.95), a, b)
upper_quantiles_of <- function(a, b) qbeta(c(1e-18, 1e-9, 1e-4), a, b, lower.tail = FALSE)
points_of <- function(arms, slope, shift) {
  x <- c(quantiles_of(arms$a_c, arms$b_c), upper_quantiles_of(arms$a_c, arms$b_c))
  y <- c(quantiles_of(arms$a_t, arms$b_t), upper_quantiles_of(arms$a_t, arms$b_t))
  points <- c(x, (y - shift) / slope)
  low <- qbeta(1e-40, arms$a_c, arms$b_c)
  high <- qbeta(1e-40, arms$a_c, arms$b_c, lower.tail = FALSE)
  c(low, points[points > low & points < high], min(high, 1 - 1e-16))
}
# Over the logit of x, where the density has no pole.
above <- function(arms, slope = 1, shift = 0) {
  f <- function(u) {
    x <- plogis(u)
    dbeta(x, arms$a_c, arms$b_c) * dlogis(u) *
      pbeta(slope * x + shift, arms$a_t, arms$b_t, lower.tail = FALSE)
  }
  pieces(f, qlogis(points_of(arms, slope, shift)))
}
swap <- function(arms) list(a_c = arms$a_t, b_c = arms$b_t, a_t = arms$a_c, b_t = arms$b_c)
# Mean of max(Y - X, 0) as the integral of P(X < z < Y) over z.
gain <- function(arms) {
  f <- function(z) pbeta(z, arms$a_c, arms$b_c) * pbeta(z, arms$a_t, arms$b_t, lower.tail = FALSE)
  points <- c(points_of(arms, 1, 0), points_of(swap(arms), 1, 0))
  pieces(f, c(0, points))
}
limit <- function(arms, tail, of_ratio) {
  at <- function(t) if (of_ratio) above(arms, slope = exp(t)) else above(arms, shift = t)
  start <- if (of_ratio) c(-60, 60) else c(-1 + 1e-12, 1 - 1e-12)
  m <- function(a, b) a / (a + b)
  v <- function(a, b) a * b / ((a + b)^2 * (a + b + 1))
  d <- if (of_ratio) log(m(arms$a_t, arms$b_t) / m(arms$a_c, arms$b_c)) else
    m(arms$a_t, arms$b_t) - m(arms$a_c, arms$b_c)
  s <- if (of_ratio) sqrt(1 / arms$a_t + 1 / arms$a_c) else sqrt(v(arms$a_t, arms$b_t) + v(arms$a_c, arms$b_c))
  f <- function(t) log(at(t)) - log(tail)
  low <- d; high <- d
  while (f(low) < 0) low <- max(start[1], low - s)
  while (f(high) > 0) high <- min(start[2], high + s)
  uniroot(f, c(low, high), tol = 1e-13 * s)$root
}
rate_cases <- list(
  list(name = "49 of 100 and 51 of 100", a_c = 50, b_c = 52, a_t = 52, b_t = 50),
  list(name = "0 of 1,000 and 3 of 1,000", a_c = 1, b_c = 1001, a_t = 4, b_t = 998),
  list(name = "0 of 40 and 2 of 35, Jeffreys' prior", a_c = 0.5, b_c = 40.5, a_t = 2.5, b_t = 33.5),
  list(name = "2,000 and 2,100 of 100,000", a_c = 2001, b_c = 98001, a_t = 2101, b_t = 97901),
  list(name = "11 of 811 and 20,000 of 1,020,000", a_c = 12, b_c = 801, a_t = 20001, b_t = 1000001),
  list(name = "990 of 1,000 and 995 of 1,000", a_c = 991, b_c = 11, a_t = 996, b_t = 6),
  list(name = "100 and 130 of 1e9", a_c = 101, b_c = 1e9 - 99, a_t = 131, b_t = 1e9 - 129),
  list(name = "5e8 and 5.0003e8 of 1e9", a_c = 5e8 + 1, b_c = 5e8 + 1, a_t = 500030001, b_t = 499970001)
)
rates <- lapply(rate_cases, function(arms) {
  c(arms, list(
    better = above(arms), worse = above(swap(arms)),
    loss_control = gain(arms), loss_treatment = gain(swap(arms)),
    lift_above_5 = above(arms, slope = 1.05),
    difference_below_minus_1e3 = above(swap(arms), shift = 0.001),
    difference_lower = -limit(swap(arms), 0.025, FALSE), difference_upper = limit(arms, 0.025, FALSE),
    lift_lower = expm1(-limit(swap(arms), 0.025, TRUE)), lift_upper = expm1(limit(arms, 0.025, TRUE))))
})

# --- Many arms -----------------------------------------------------------------------------------
best <- function(density, cumulative, points) {
  k <- length(density)
  list(
    probability = sapply(seq_len(k), function(i) pieces(function(x)
      density[[i]](x) * Reduce(`*`, lapply(cumulative[-i], function(f) f(x))), points)),
    loss = sapply(seq_len(k), function(i) pieces(function(x)
      cumulative[[i]](x) * (1 - Reduce(`*`, lapply(cumulative[-i], function(f) f(x)))), points)))
}
beta_arms <- list(
  list(name = "40, 55 and 50 of 500", a = c(41, 56, 51), b = c(461, 446, 451)),
  list(name = "0 of 10, 1 of 12, 3 of 30 and 900 of 10,000",
       a = c(1, 2, 4, 901), b = c(11, 12, 28, 9101)))
for (i in seq_along(beta_arms)) {
  arms <- beta_arms[[i]]
  points <- c(0, sort(as.vector(mapply(function(a, b) qbeta(c(1e-15, 1e-6, 0.01, 0.2, 0.5, 0.8, 0.99,
    1 - 1e-6), a, b), arms$a, arms$b))), max(qbeta(1e-18, arms$a, arms$b, lower.tail = FALSE)))
  beta_arms[[i]] <- c(arms, best(
    lapply(seq_along(arms$a), function(j) function(x) dbeta(x, arms$a[j], arms$b[j])),
    lapply(seq_along(arms$a), function(j) function(x) pbeta(x, arms$a[j], arms$b[j])), points))
}
normal_arms <- list(
  list(name = "three alike", mean = c(0, 0.3, 0.5), sd = c(1, 1, 1)),
  list(name = "deviations 1, 5 and 2", mean = c(0.2, -1, 0.4), sd = c(1, 5, 2)),
  list(name = "deviations 0.01, 1 and 0.3", mean = c(0.2, 0.1, 0.15), sd = c(0.01, 1, 0.3)),
  list(name = "six arms", mean = c(1, 1.2, 0.9, 1.1, 1.3, 0.2), sd = c(0.2, 0.3, 0.25, 0.1, 0.4, 1)))
for (i in seq_along(normal_arms)) {
  arms <- normal_arms[[i]]; k <- length(arms$mean)
  points <- sort(as.vector(outer(c(-9, -6, -3, -1, 0, 1, 3, 6, 9), arms$sd) +
    matrix(arms$mean, 9, k, byrow = TRUE)))
  found <- best(
    lapply(seq_len(k), function(j) function(x) dnorm(x, arms$mean[j], arms$sd[j])),
    lapply(seq_len(k), function(j) function(x) pnorm(x, arms$mean[j], arms$sd[j])), points)
  # The same as an orthant of the differences from the arm.
  orthant <- sapply(seq_len(k), function(j) {
    others <- setdiff(seq_len(k), j)
    covariance <- matrix(arms$sd[j]^2, k - 1, k - 1) + diag(arms$sd[others]^2, k - 1)
    if (k > 4) return(NA)
    as.numeric(pmvnorm(lower = rep(-Inf, k - 1), upper = arms$mean[j] - arms$mean[others],
                       sigma = covariance, algorithm = Miwa(steps = 4097)))
  })
  normal_arms[[i]] <- c(arms, found, list(orthant = orthant))
}

# --- Two means with priors -----------------------------------------------------------------------
# Bayes' rule with precision matrices.
means_cases <- list(
  list(name = "independent arms, prior on the difference", mean = c(10, 11), var = c(0.5, 0.7),
       cov = 0, difference = c(0, 1)),
  list(name = "adjusted arms, priors on all three", mean = c(4, 4.3), var = c(0.02, 0.03), cov = 0.008,
       control = c(3.5, 0.4), treatment = c(3.6, 0.5), difference = c(0.1, 0.2)),
  list(name = "negative means, flat priors", mean = c(-10, -10.5), var = c(0.4, 0.1), cov = 0.05))
means <- lapply(means_cases, function(case) {
  data <- matrix(c(case$var[1], case$cov, case$cov, case$var[2]), 2)
  precision <- solve(data); weighted <- precision %*% case$mean
  contrasts <- list(control = c(1, 0), treatment = c(0, 1), difference = c(-1, 1))
  for (name in names(contrasts)) if (!is.null(case[[name]])) {
    h <- contrasts[[name]]; prior <- case[[name]]
    precision <- precision + h %*% t(h) / prior[2]^2
    weighted <- weighted + h * prior[1] / prior[2]^2
  }
  covariance <- solve(precision); mean <- as.vector(covariance %*% weighted)
  h <- c(-1, 1); m <- sum(h * mean); s <- sqrt(as.numeric(t(h) %*% covariance %*% h))
  lift_above <- function(lift) {
    w <- c(-(1 + sign(mean[1]) * lift), 1)
    pnorm(sum(w * mean) / sqrt(as.numeric(t(w) %*% covariance %*% w)))
  }
  loss <- function(sign) integrate(function(d) d * dnorm(d, sign * m, s), 0, max(0, sign * m) + 12 * s,
                                   rel.tol = 1e-13)$value
  c(case, list(
    posterior_mean = m, posterior_sd = s, better = pnorm(m / s),
    loss_control = loss(1), loss_treatment = loss(-1), lift_above_2 = lift_above(0.02),
    lower = qnorm(0.025, m, s), upper = qnorm(0.975, m, s),
    lift_lower = uniroot(function(l) lift_above(l) - 0.975, c(-0.9, 2), tol = 1e-15)$root,
    lift_upper = uniroot(function(l) lift_above(l) - 0.025, c(-0.9, 2), tol = 1e-15)$root))
})

# --- A prior on the lift -------------------------------------------------------------------------
# Brute force in two dimensions: the mean of control, flat, and the lift.
lift_cases <- list(
  list(name = "clear control mean, weak prior", mean = c(1, 1.1), var = c(1e-3, 1.2e-3), cov = 0,
       prior = c(0, 0.3)),
  list(name = "noisy control mean, skeptical prior", mean = c(2, 2.6), var = c(0.05, 0.06), cov = 0.01,
       prior = c(0, 0.1)),
  list(name = "negative means, prior off 0", mean = c(-3, -3.5), var = c(0.04, 0.05), cov = 0,
       prior = c(0.05, 0.2)))
lifts <- lapply(lift_cases, function(case) {
  data <- matrix(c(case$var[1], case$cov, case$cov, case$var[2]), 2)
  inverse <- solve(data); s_c <- sqrt(case$var[1])
  likelihood <- function(control, lift) {
    e1 <- case$mean[1] - control; e2 <- case$mean[2] - (control + lift * abs(control))
    exp(-0.5 * (inverse[1, 1] * e1^2 + 2 * inverse[1, 2] * e1 * e2 + inverse[2, 2] * e2^2))
  }
  marginal <- Vectorize(function(lift) {
    w <- 1 + sign(case$mean[1]) * lift
    top <- as.numeric((inverse[1, ] + w * inverse[2, ]) %*% case$mean) /
      (inverse[1, 1] + 2 * w * inverse[1, 2] + w^2 * inverse[2, 2])
    s <- 1 / sqrt(inverse[1, 1] + 2 * w * inverse[1, 2] + w^2 * inverse[2, 2])
    pieces(function(control) likelihood(control, lift), top + s * c(-11, -4, 0, 4, 11)) *
      dnorm(lift, case$prior[1], case$prior[2])
  })
  near <- optimize(marginal, case$prior[1] + c(-3, 3) * case$prior[2], maximum = TRUE, tol = 1e-10)$maximum
  s <- 1 / sqrt(1 / case$prior[2]^2 + case$mean[1]^2 / sum(case$var))
  ends <- near + s * c(-30, -8, -4, -2, 0, 2, 4, 8, 30)
  between <- function(f, low, high) pieces(f, c(low, ends[ends > low & ends < high], high))
  total <- between(marginal, ends[1], ends[9])
  p_above <- function(l) between(marginal, l, ends[9]) / total
  c(case, list(
    posterior_mean = between(function(l) l * marginal(l), ends[1], ends[9]) / total,
    better = p_above(0),
    loss_control = between(function(l) l * marginal(l), 0, ends[9]) / total,
    loss_treatment = -between(function(l) l * marginal(l), ends[1], 0) / total,
    lower = uniroot(function(l) p_above(l) - 0.975, near + c(-6, 1) * s, tol = 1e-13)$root,
    upper = uniroot(function(l) p_above(l) - 0.025, near + c(-1, 6) * s, tol = 1e-13)$root))
})

cat(toJSON(list(rates = rates, beta_arms = beta_arms, normal_arms = normal_arms, means = means,
                lifts = lifts), auto_unbox = TRUE, digits = NA, pretty = TRUE, na = "null"))
