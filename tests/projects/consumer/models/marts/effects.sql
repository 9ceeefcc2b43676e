-- The shop's own word: what a campaign was said to do.
select 'spring' as campaign, 'more visitors' as effect
