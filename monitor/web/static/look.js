// Light or dark as the reader chose, before anything is drawn. Not a module: those come too late.
document.documentElement.dataset.look = localStorage.getItem("look") || "auto";
