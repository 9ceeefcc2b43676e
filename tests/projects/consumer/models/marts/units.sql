-- The shop's own word: how many units of each article were sold.
select article, 10 * article as units_sold from range(5) as articles(article)
