"""What tables and figures share: cells, sheets and their formats, drawing, SQL."""
