"""What plane models share: scans, gathering of neighbours, regression, logistic tables, entropy."""
