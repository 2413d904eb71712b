// Draws the generated document. Nothing is loaded from elsewhere, the validator badge included.
"use strict";

const signedIn = () => {
  try {
    return JSON.parse(localStorage.getItem("lyceum.session"))?.access_token;
  } catch {
    return null;
  }
};

globalThis.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  presets: [globalThis.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  // The session of the console is used, so that nobody has to paste a token here.
  requestInterceptor: (request) => {
    const token = signedIn();
    if (
      token &&
      !request.headers.Authorization &&
      new URL(request.url, location.origin).origin === location.origin
    ) {
      request.headers.Authorization = "Bearer " + token;
    }
    return request;
  },
});
