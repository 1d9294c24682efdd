"""Making a better writer: data sets, examples, the recipe, scores, and the checkpoint that ships."""
