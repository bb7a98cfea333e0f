/** The bundler takes styles that are imported; nothing of them is a value. */
declare module "*.css";
