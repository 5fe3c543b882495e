"""What is written beside a classifier: tables of its classes and predictions, and the page `report.html`."""
