"""A first config for a user's file or folder, and a look at its documents as the models will see them."""
