"""Compute on the stage: the scale sets under the Kubernetes nodes, their machines switched off and on, and Resource Graph."""
