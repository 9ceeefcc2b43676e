# Cluster designs: Rscript tests/reference/clusters.R FOLDER > tests/reference/clusters.json
# estimatr 1.0.0. FOLDER holds the data as CSV, made from parquet by
#   pandas.read_parquet(path).to_csv(path.with_suffix(".csv"), index=False)
# for fast_food_promotions (IBM Watson sample), star_kindergarten (AER::STAR) and thornton_hiv
# (causaldata). Only moments and results are stored.
suppressPackageStartupMessages({library(estimatr); library(jsonlite)})
folder <- commandArgs(trailingOnly = TRUE)[1]
read <- function(name) read.csv(file.path(folder, paste0(name, ".csv")))

food <- read("fast_food_promotions")
star <- read("star_kindergarten")
hiv <- read("thornton_hiv")
trial <- function(name, y, arm, cluster) {
  keep <- !is.na(y) & !is.na(arm) & !is.na(cluster)
  list(name = name, data = data.frame(y = y, arm = arm, cluster = cluster)[keep, ])
}
nested <- function(arm, cluster) ifelse(is.na(cluster), NA, paste(arm, cluster))
two <- function(x, control, treatment) ifelse(x == control, 0, ifelse(x == treatment, 1, NA))
star_arm <- two(star$stark, "regular", "small")
food_21 <- two(food$promotion, 1, 2); food_31 <- two(food$promotion, 1, 3)
food_32 <- two(food$promotion, 2, 3)
trials <- list(
  trial("promotion 2 v 1 by store", food$sales_thousands, food_21, food$location_id),
  trial("promotion 3 v 1 by store", food$sales_thousands, food_31, food$location_id),
  trial("promotion 3 v 2 by store", food$sales_thousands, food_32, food$location_id),
  trial("small v regular classes, mathematics, by school and class type", star$mathk, star_arm,
        nested(star_arm, star$schoolidk)),
  trial("incentive v none, result collected, by village and arm", hiv$got, hiv$any,
        nested(hiv$any, hiv$villnum)),
  trial("incentive v none, result collected, by village", hiv$got, hiv$any, hiv$villnum))

moments <- function(y, cluster) {
  num <- tapply(y, cluster, sum); den <- tapply(y, cluster, length)
  centred <- function(x, z = x) sum((x - mean(x)) * (z - mean(z)))
  one <- lm_robust(y ~ 1, clusters = cluster, se_type = "stata")
  list(n = length(num), mean_num = mean(num), m2_num = centred(num), mean_den = mean(den),
       m2_den = centred(den), c2_num_den = centred(num, den), observations = length(y),
       mean = mean(y), std_error_stata = unname(one$std.error))
}
out <- lapply(trials, function(one) {
  d <- one$data
  row <- list(name = one$name, control = moments(d$y[d$arm == 0], d$cluster[d$arm == 0]),
              treatment = moments(d$y[d$arm == 1], d$cluster[d$arm == 1]))
  for (type in c("CR0", "stata", "CR2")) {
    fit <- lm_robust(y ~ arm, data = d, clusters = cluster, se_type = type)
    row[[type]] <- list(estimate = unname(fit$coefficients[2]), std_error = unname(fit$std.error[2]),
                        p_value = unname(fit$p.value[2]), df = unname(fit$df[2]),
                        lower = unname(fit$conf.low[2]), upper = unname(fit$conf.high[2]))
  }
  row
})
cat(toJSON(list(trials = out), auto_unbox = TRUE, digits = NA, pretty = TRUE), "\n")
