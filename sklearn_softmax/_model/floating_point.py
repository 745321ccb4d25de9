"""What floating-point arithmetic does in silence, in training and in predictions."""

# For np.errstate: small numbers may vanish; what has left the range is looked for afterwards.
SILENT = {"over": "ignore", "under": "ignore", "invalid": "ignore"}
