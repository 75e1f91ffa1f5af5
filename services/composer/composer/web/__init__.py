"""What routes share: what they are given, how they read documents, how they answer."""
