"""The web application: pages, routes, and nothing that knows a tensor."""
