"""Data to try flows on: a made-up advertiser in the shape of Amazon Marketing Cloud, and the flights of 2013."""
