# Corrections for many tests by R: run as `Rscript tests/reference/multiplicity.R`, which writes
# multiplicity.json beside this file. Needs jsonlite, multcomp and mvtnorm.
suppressMessages({
  library(jsonlite)
  library(multcomp)
  library(mvtnorm)
})

# p.adjust ----------------------------------------------------------------------------------------
# Benjamini and Hochberg (1995), section 4.1: thrombolysis after myocardial infarction.
thrombolysis <- c(
  0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
  0.6528, 0.7590, 1.0000
)
set.seed(20240229)
p_values <- list(
  "thrombolysis (Benjamini and Hochberg 1995)" = thrombolysis,
  "five in steps of 0.01" = c(0.01, 0.02, 0.03, 0.04, 0.05),
  "four close ones" = c(0.01, 0.02, 0.022, 0.09),
  "ties and ends" = c(0, 0.02, 0.02, 0.02, 0.5, 1, 1),
  "down to 1e-300" = c(1e-300, 3e-300, 1e-200, 1e-17, 2e-17, 0.04),
  "a family of one" = 0.03,
  "forty, beta(0.3, 1)" = signif(rbeta(40, 0.3, 1), 6)
)
methods <- c("bonferroni", "holm", "hochberg", "hommel", "BH", "BY")
p_adjust <- lapply(p_values, function(p) {
  c(list(p = I(p)), lapply(setNames(methods, methods), function(m) I(p.adjust(p, m))))
})

# Dunnett on data, by multcomp: quasi-Monte Carlo integration, to about 1e-5 ---------------------
described <- function(data, response, group) {
  data[[group]] <- factor(data[[group]])
  model <- aov(reformulate(group, response), data)
  one <- function(alternative) {
    set.seed(1)
    fitted <- glht(
      model, linfct = do.call(mcp, setNames(list("Dunnett"), group)), alternative = alternative
    )
    p_of <- function(type) {
      found <- summary(fitted, test = adjusted(type, abseps = 1e-6, maxpts = 1e5))
      as.vector(found$test$pvalues)
    }
    interval <- confint(fitted, calpha = adjusted_calpha(abseps = 1e-6, maxpts = 1e5))$confint
    list(
      p = as.vector(summary(fitted, test = univariate())$test$pvalues),
      single_step = p_of("single-step"), free = p_of("free"),
      critical = unname(attr(interval, "calpha")),
      lower = ifelse(is.finite(interval[, "lwr"]), interval[, "lwr"], NA),
      upper = ifelse(is.finite(interval[, "upr"]), interval[, "upr"], NA)
    )
  }
  groups <- split(data[[response]], data[[group]])
  list(
    n = unname(sapply(groups, length)), mean = unname(sapply(groups, mean)),
    m2 = unname(sapply(groups, function(x) sum((x - mean(x))^2))), df = df.residual(model),
    two_sided = one("two.sided"), greater = one("greater"), less = one("less")
  )
}
data(recovery)
# Dunnett (1955), table 1: red cells in millions per cubic millimetre.
blood <- data.frame(
  count = c(
    7.40, 8.50, 7.20, 8.24, 9.84, 8.32, 9.76, 8.80, 7.68, 9.36, 12.80, 9.68, 12.16, 9.20, 10.55
  ),
  drug = rep(c("control", "a", "b"), c(6, 4, 5))
)
blood$drug <- factor(blood$drug, levels = c("control", "a", "b"))
dunnett_data <- list(
  "recovery (Westfall and others 1999)" = described(recovery, "minutes", "blanket"),
  "blood counts (Dunnett 1955)" = described(blood, "count", "drug"),
  "plant growth (Dobson 1983)" = described(PlantGrowth, "weight", "group")
)

# The same by integrals --------------------------------------------------------------------------
loading <- function(n) sqrt(n[-1] / (n[-1] + n[1]))
correlation <- function(lambda) {
  r <- outer(lambda, lambda)
  diag(r) <- 1
  r
}
# P(some statistic > c) for two or three statistics: TVPACK, to 1e-14; a box by its corners.
tail_of <- function(c, lambda, df = 0, two_sided = FALSE) {
  m <- length(lambda)
  r <- correlation(lambda)
  below <- function(upper) {
    as.numeric(if (df == 0) {
      pmvnorm(upper = upper, corr = r, algorithm = TVPACK(abseps = 1e-14))
    } else {
      pmvt(upper = upper, df = df, corr = r, algorithm = TVPACK(abseps = 1e-14))
    })
  }
  if (!two_sided) return(1 - below(rep(c, m)))
  corners <- as.matrix(expand.grid(rep(list(c(1, -1)), m)))
  1 - sum(apply(corners, 1, function(s) prod(s) * below(s * c)))
}
# For any number of statistics: nested adaptive quadrature.
tail_integral <- function(c, lambda, df = Inf, two_sided = FALSE) {
  noise <- sqrt(1 - lambda^2)
  normal <- function(x) {
    inner <- function(u) {
      sapply(u, function(v) {
        below <- pnorm((x - lambda * v) / noise, lower.tail = FALSE, log.p = FALSE)
        if (two_sided) below <- below + pnorm((-x - lambda * v) / noise)
        -expm1(sum(log1p(-below))) * dnorm(v)
      })
    }
    at <- c(-10, seq(-5, 5), 10, if (x > 5) x + c(0, 5, 10) else NULL)
    at <- sort(unique(at))
    sum(mapply(
      function(a, b) integrate(inner, a, b, rel.tol = 1e-11, abs.tol = 0, subdivisions = 500)$value,
      head(at, -1), tail(at, -1)
    ))
  }
  if (is.infinite(df)) return(normal(c))
  # The chi distribution of S by its quantiles.
  outer_part <- function(q) sapply(q, function(v) normal(c * sqrt(qchisq(v, df) / df)))
  cut <- c(0, 1e-6, 1e-3, 0.1, 0.5, 0.9, 1 - 1e-3, 1 - 1e-6, 1)
  sum(mapply(
    function(a, b) integrate(outer_part, a, b, rel.tol = 1e-8, abs.tol = 1e-13)$value,
    head(cut, -1), tail(cut, -1)
  ))
}
critical_of <- function(lambda, level, df = 0, two_sided = FALSE) {
  uniroot(
    function(x) tail_of(x, lambda, df, two_sided) - level, c(0, 20), tol = 1e-13
  )$root
}
cases <- list(
  list(n = c(20, 20, 20), df = 0), list(n = c(20, 20, 20, 20), df = 0),
  list(n = c(20, 3, 3, 15), df = 37), list(n = c(6, 4, 5), df = 12),
  list(n = c(400, 9600, 9600), df = 0), list(n = c(9600, 400, 300, 200), df = 0),
  list(n = c(5, 5, 5, 5), df = 5), list(n = c(2, 3, 4), df = 3)
)
tails <- unlist(lapply(cases, function(case) {
  lapply(c(FALSE, TRUE), function(two_sided) {
    lambda <- loading(case$n)
    list(
      n = case$n, df = case$df, two_sided = two_sided,
      critical = critical_of(lambda, 0.05, case$df, two_sided),
      critical_025 = critical_of(lambda, 0.025, case$df, two_sided),
      at = c(0.5, 1.5, 2.5), tail = sapply(
        c(0.5, 1.5, 2.5), tail_of, lambda = lambda, df = case$df, two_sided = two_sided
      )
    )
  })
}), recursive = FALSE)
many <- list(
  list(n = c(100, 100, 90, 80, 70, 60, 50), df = NA, at = 2.5, two_sided = FALSE),
  list(n = c(100, 100, 90, 80, 70, 60, 50), df = NA, at = 2.5, two_sided = TRUE),
  list(n = c(50, rep(50, 20)), df = NA, at = 3, two_sided = FALSE),
  list(n = c(50, rep(50, 20)), df = NA, at = 12, two_sided = FALSE),
  list(n = c(400, rep(1600, 6)), df = NA, at = 2.3, two_sided = TRUE),
  list(n = c(10, 9, 8, 7, 6), df = 35, at = 2.2, two_sided = FALSE),
  list(n = c(10, 9, 8, 7, 6), df = 35, at = 2.2, two_sided = TRUE)
)
many <- lapply(many, function(case) {
  df <- if (is.na(case$df)) Inf else case$df
  case$tail <- tail_integral(case$at, loading(case$n), df, case$two_sided)
  case
})

write_json(
  list(
    versions = list(
      R = as.character(getRversion()), multcomp = as.character(packageVersion("multcomp")),
      mvtnorm = as.character(packageVersion("mvtnorm"))
    ),
    p_adjust = p_adjust, dunnett = dunnett_data, tails = tails, many = many
  ),
  "tests/reference/multiplicity.json", digits = NA, auto_unbox = TRUE, pretty = FALSE, na = "null"
)
