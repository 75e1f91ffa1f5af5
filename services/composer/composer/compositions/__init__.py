"""Compositions: flows that are saved, looked over, published and retired."""
