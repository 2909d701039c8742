"""The sparse coding model of Section 6.1 and Appendix A, as an experiment."""
