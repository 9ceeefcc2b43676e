# Analyses at looks of group sequential designs, by rpact. Run: Rscript looks.R > looks.json
suppressMessages({library(rpact); library(jsonlite)})
setLogLevel("DISABLED")
cases <- list(
  list(name = "OF, 3 looks, crossed at the second", type = "asOF", rates = c(.3, .7, 1), alpha = .025,
       n = c(300, 400), mean = c(.15, .30), sd = c(1, 1)),
  list(name = "OF, 3 looks, crossed at the last", type = "asOF", rates = c(.3, .7, 1), alpha = .025,
       n = c(300, 400, 300), mean = c(.05, .12, .22), sd = c(1, 1, 1)),
  list(name = "OF, 3 looks, never crossed", type = "asOF", rates = c(.3, .7, 1), alpha = .025,
       n = c(300, 400, 300), mean = c(.02, -.03, .05), sd = c(1, 1, 1)),
  list(name = "P, 4 looks, crossed at the first", type = "asP", rates = c(.25, .5, .75, 1), alpha = .025,
       n = c(250), mean = c(.35), sd = c(1)),
  list(name = "P, 4 looks, crossed at the third", type = "asP", rates = c(.25, .5, .75, 1), alpha = .025,
       n = c(250, 250, 250), mean = c(.05, .18, .33), sd = c(1, 1, 1)),
  list(name = "KD 2, 5 looks, crossed at the fourth", type = "asKD", gammaA = 2, rates = (1:5) / 5, alpha = .01,
       n = rep(200, 4), mean = c(.05, .12, .2, .35), sd = rep(1, 4)),
  list(name = "HSD -2, 2 looks, last", type = "asHSD", gammaA = -2, rates = c(.5, 1), alpha = .05,
       n = c(500, 500), mean = c(.03, .2), sd = c(1, 1))
)
results <- lapply(cases, function(case) {
  design <- getDesignGroupSequential(
    informationRates = case$rates, alpha = case$alpha, sided = 1, typeOfDesign = case$type,
    gammaA = if (is.null(case$gammaA)) NA_real_ else case$gammaA, tolerance = 1e-10
  )
  looks <- length(case$n)
  data <- getDataset(
    n1 = case$n, n2 = case$n, means1 = case$mean, means2 = rep(0, looks),
    stDevs1 = case$sd, stDevs2 = case$sd
  )
  stage <- getStageResults(design, data, normalApproximation = TRUE, stage = looks)
  interval <- getRepeatedConfidenceIntervals(design, data, normalApproximation = TRUE, stage = looks, tolerance = 1e-10)
  final <- tryCatch(getFinalConfidenceInterval(design, data, normalApproximation = TRUE), error = function(e) NULL)
  conditional <- if (looks < length(case$rates))
    getConditionalPower(stage, nPlanned = diff(case$rates * 2000)[looks:(length(case$rates) - 1)],
                        thetaH1 = .15, assumedStDev = 1) else NULL
  list(
    name = case$name, type = case$type, gammaA = case$gammaA, fractions = case$rates, alpha = case$alpha,
    n = case$n, mean = case$mean,
    bounds = design$criticalValues,
    statistic = stage$overallTestStatistics[1:looks],
    effect = stage$effectSizes[1:looks],
    sd = stage$overallStDevs[1:looks],
    repeated_p = getRepeatedPValues(stage, tolerance = 1e-10)[1:looks],
    lower = interval[1, 1:looks], upper = interval[2, 1:looks],
    final_p = getFinalPValue(stage)$pFinal,
    final_stage = getFinalPValue(stage)$finalStage,
    final_lower = final$finalConfidenceInterval[1], final_upper = final$finalConfidenceInterval[2],
    median_unbiased = final$medianUnbiased,
    conditional_power = if (is.null(conditional)) NULL else conditional$conditionalPower
  )
})
cat(toJSON(results, digits = NA, auto_unbox = TRUE, pretty = TRUE, null = "null", na = "null"))
