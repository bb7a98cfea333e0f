import { render } from "preact";
import { App } from "./app.tsx";
import { applyTheme } from "./theme.ts";
import "uplot/dist/uPlot.min.css";
import "./styles/elements.css";
import "./styles/frame.css";
import "./styles/controls.css";
import "./styles/parts.css";
import "./styles/table.css";

applyTheme();
const place = document.getElementById("console");
if (place !== null) render(<App />, place);
