# Writes group_sequential.json: designs of rpact, and probabilities of mvtnorm.
#
#   Rscript tests/reference/group_sequential.R > tests/reference/group_sequential.json

suppressMessages(library(rpact))
library(mvtnorm)
library(jsonlite)

designs <- list()

describe <- function(name, ..., drifts = c(0, 1.5, 3, 4.5)) {
  arguments <- list(...)
  design <- do.call(getDesignGroupSequential, c(arguments, tolerance = 1e-10))
  looks <- design$kMax
  fractions <- design$informationRates
  row <- list(
    name = name, fractions = fractions, alpha = design$alpha, sided = design$sided,
    call = paste0("getDesignGroupSequential(", paste(
      names(arguments), vapply(arguments, function(x) paste(deparse(x), collapse = ""), ""),
      sep = " = ", collapse = ", "
    ), ")"),
    critical = design$criticalValues, spent = design$alphaSpent
  )
  futility <- design$futilityBounds
  if (length(futility) > 0 && !all(is.na(futility)) && any(futility > -6)) {
    row$futility <- futility
  }
  characteristics <- try(getDesignCharacteristics(design), silent = TRUE)
  if (!inherits(characteristics, "try-error")) {
    row$beta <- design$beta
    row$shift <- characteristics$shift
    row$inflation <- characteristics$inflationFactor
    row$expected <- c(
      characteristics$averageSampleNumber0, characteristics$averageSampleNumber01,
      characteristics$averageSampleNumber1
    )
  }
  # Of 100 units, an effect theta has the drift 10 theta at the end.
  power <- try(
    getPowerAndAverageSampleNumber(design, theta = drifts / 10, nMax = 100), silent = TRUE
  )
  if (!inherits(power, "try-error")) {
    row$drifts <- drifts
    row$power <- power$overallReject
    row$size <- power$averageSampleNumber / 100
  }
  designs[[length(designs) + 1]] <<- row
}

unequal <- c(0.15, 0.4, 0.7, 1)
types <- list(
  obrien_fleming_spending = list(typeOfDesign = "asOF"),
  pocock_spending = list(typeOfDesign = "asP"),
  hwang_shih_decani_minus_4 = list(typeOfDesign = "asHSD", gammaA = -4),
  hwang_shih_decani_1 = list(typeOfDesign = "asHSD", gammaA = 1),
  kim_demets_3 = list(typeOfDesign = "asKD", gammaA = 3),
  kim_demets_1 = list(typeOfDesign = "asKD", gammaA = 1),
  obrien_fleming = list(typeOfDesign = "OF"),
  pocock = list(typeOfDesign = "P"),
  wang_tsiatis_0.25 = list(typeOfDesign = "WT", deltaWT = 0.25),
  haybittle_peto = list(typeOfDesign = "HP", constantBoundsHP = 3)
)
for (type in names(types)) {
  for (sided in 1:2) {
    alpha <- 0.025 * sided
    both <- c(types[[type]], sided = sided, alpha = alpha, beta = 0.2)
    do.call(describe, c(name = paste(type, sided, "equal"), both, kMax = 5))
    do.call(describe, c(
      name = paste(type, sided, "unequal"), both, list(informationRates = unequal)
    ))
  }
}
for (alpha in c(1e-6, 1e-4, 0.001, 0.005, 0.1, 0.2)) {
  for (type in c("asOF", "asP")) {
    describe(
      paste(type, "alpha", alpha), typeOfDesign = type, alpha = alpha, beta = 0.1, kMax = 4
    )
  }
}
for (looks in c(1, 2, 10, 20)) {
  for (type in c("asOF", "asP")) {
    describe(
      paste(type, "looks", looks), typeOfDesign = type, alpha = 0.025, beta = 0.1, kMax = looks
    )
  }
}
describe(
  "user levels", typeOfDesign = "asUser", userAlphaSpending = c(0.001, 0.01, 0.015, 0.025),
  informationRates = unequal, alpha = 0.025, beta = 0.2
)

futile <- list(
  obrien_fleming = list(typeBetaSpending = "bsOF"),
  pocock = list(typeBetaSpending = "bsP"),
  hwang_shih_decani_minus_2 = list(typeBetaSpending = "bsHSD", gammaB = -2),
  kim_demets_2 = list(typeBetaSpending = "bsKD", gammaB = 2)
)
for (type in names(futile)) {
  for (binding in c(FALSE, TRUE)) {
    for (rates in list((1:4) / 4, unequal)) {
      do.call(describe, c(
        name = paste("beta", type, if (binding) "binding" else "free", length(designs)),
        futile[[type]],
        list(
          typeOfDesign = "asOF", alpha = 0.025, beta = 0.2, informationRates = rates,
          bindingFutility = binding
        )
      ))
    }
  }
}
describe(
  "beta alpha 0.05", typeOfDesign = "asP", typeBetaSpending = "bsOF", alpha = 0.05, beta = 0.1,
  informationRates = c(0.3, 0.6, 1), bindingFutility = FALSE
)
for (binding in c(FALSE, TRUE)) {
  describe(
    paste("fixed futility", if (binding) "binding" else "free"), typeOfDesign = "asOF",
    alpha = 0.025, beta = 0.2, kMax = 4, futilityBounds = c(-0.5, 0.3, 1),
    bindingFutility = binding
  )
}
describe(
  "user beta", typeOfDesign = "asOF", typeBetaSpending = "bsUser", alpha = 0.025, beta = 0.15,
  userBetaSpending = c(0.02, 0.05, 0.15), informationRates = c(0.4, 0.75, 1),
  bindingFutility = FALSE
)

# Levels by planned times (O'Brien and Fleming, 0.025), correlation by observed information.
times <- c(0.25, 0.5, 0.8, 1)
observed <- c(0.22, 0.61, 0.83, 1.12)
levels <- c(2 * pnorm(qnorm(0.0125) / sqrt(times[1:3])), 0.025)
describe(
  "observed information", typeOfDesign = "asUser", alpha = 0.025, beta = 0.2,
  userAlphaSpending = levels, informationRates = observed / observed[4]
)

# Miwa's algorithm is exact but for its grid.
rectangle <- function(lower, upper, information, drift) {
  looks <- length(upper)
  correlation <- outer(1:looks, 1:looks, function(i, j) {
    sqrt(pmin(information[i], information[j]) / pmax(information[i], information[j]))
  })
  as.numeric(pmvnorm(
    lower, upper, mean = drift * sqrt(information), corr = correlation,
    algorithm = if (looks <= 3) TVPACK(abseps = 1e-14) else Miwa(steps = 1024)
  ))
}
cases <- list(
  list(lower = c(-Inf, -Inf), upper = c(2.5, 2), information = c(0.5, 1), drift = 1),
  list(lower = c(-Inf, -Inf, -Inf), upper = c(3, 2.4, 2), information = c(0.2, 0.7, 1), drift = 2),
  list(lower = rep(-Inf, 3), upper = c(2.3, 2.3, 2.3), information = c(1, 30, 31), drift = 0.2),
  list(lower = rep(-Inf, 3), upper = c(5, 4, 3.5), information = c(0.3, 0.9, 1), drift = -0.5),
  list(lower = rep(-2.413, 5), upper = rep(2.413, 5), information = (1:5) / 5, drift = 0),
  list(lower = c(-1, 0, 0.5, 1), upper = c(4, 3, 2.5, 2), information = (1:4) / 4, drift = 2.5)
)
probabilities <- lapply(cases, function(case) {
  one <- do.call(rectangle, case)
  c(lapply(case, function(x) ifelse(is.infinite(x), -99, x)), continuing = one)
})

cat(toJSON(
  list(
    versions = list(
      R = as.character(getRversion()), rpact = as.character(packageVersion("rpact")),
      mvtnorm = as.character(packageVersion("mvtnorm"))
    ),
    designs = designs, probabilities = probabilities
  ),
  digits = 15, auto_unbox = TRUE, pretty = FALSE, na = "null"
))
cat("\n")
