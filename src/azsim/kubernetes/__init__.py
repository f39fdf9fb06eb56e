"""A stand-in for AKS: one Kubernetes API per region; a pod is a supervised process."""
