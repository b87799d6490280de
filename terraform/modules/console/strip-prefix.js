// The API's routes do not have the prefix /api that it has on the console's origin.
function handler(event) {
  const request = event.request;
  request.uri = request.uri.replace(/^\/api\//, '/');
  return request;
}
