"""Weather-radar volumes: naming, grouping, judging completeness, building, writing."""
