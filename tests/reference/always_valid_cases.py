"""Inputs that the references of always-valid methods were computed on."""

# ASOS digital experiments (Liu and others 2021, osf.io/64jsb), experiment 54a85a, variant 2, metric
# 2: units, mean and variance of control and treatment at four of its 96 looks. The fixed test is
# "significant" at the second (z = -3.89) and not at the last. Then the largest z of the archive
# (2c8a04, variant 1, metric 2, last look).
ASOS = [
    (
        (1148449, 0.16123944868882026, 0.23584611824399423),
        (1148325, 0.1597620922227951, 0.23385898544482472),
    ),
    (
        (2098253, 0.3051701037585979, 0.6619437501096354),
        (2097793, 0.3020833631297168, 0.6566995391823214),
    ),
    (
        (2820263, 0.44902098735311974, 1.3927669979364705),
        (2821507, 0.4465275537801156, 1.3786606405908275),
    ),
    (
        (3320536, 0.5623185542347209, 2.239961432147286),
        (3320435, 0.5604104206311485, 2.2240694322451926),
    ),
    ((64817937, 0.087378741, 0.18203787910270464), (64812440, 0.089393514, 0.18729421382708739)),
]

# Cookie Cats, players and those who came back after a week.
COOKIE_CATS = ((44700, 8502), (45489, 8279))

# Student's sleep data (R: ?sleep), hours of extra sleep with each drug, in order.
DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]

# Units by day and variant with planned shares 0.4, 0.4, 0.2: the example in the documentation of
# ssrm_test; and days of a larger experiment in which the third variant loses units.
SSRM_DAYS = [[20, 17, 9], [18, 21, 8], [4, 6, 4], [18, 19, 11]]
LOSING_DAYS = [[4010, 3985, 2004], [4022, 3990, 1890], [3966, 4041, 1803], [4003, 3987, 1798]]
SHARES = [0.4, 0.4, 0.2]
