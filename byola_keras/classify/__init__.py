"""Classifiers of one's own: trained on labelled clips, and run over recordings of any length."""
