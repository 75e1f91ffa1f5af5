"""Who reads and who writes: connections to the database together with the actor they are opened for."""
