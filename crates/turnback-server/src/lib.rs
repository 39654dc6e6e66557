//! HTTP API, dashboard, flag service and metrics of `turnback serve`.
