"""Training and prediction: the skorch net, batches, threads, history."""
