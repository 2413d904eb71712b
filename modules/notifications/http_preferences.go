package notifications

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/httpx"
	"lyceum/platform/httpx/validation"
)

// preferenceView is how the caller is told of a kind.
type preferenceView struct {
	Kind   string `json:"kind"`
	InApp  bool   `json:"in_app"`
	Email  bool   `json:"email"`
	Locked bool   `json:"locked" doc:"The mail can't be switched off"`
}

// preferencesView has the preference for each kind.
type preferencesView struct {
	Items []preferenceView `json:"items" nullable:"false"`
}

const listPreferencesDoc = "Returns for each kind whether the caller is told in the console and by mail. A locked kind " +
	"always sends its mail."

// listPreferences answers GET /notifications/preferences.
func (h *handlers) listPreferences(ctx context.Context, _ *httpx.None) (*httpx.Response[preferencesView], error) {
	found, err := h.service.listPreferences(ctx)
	if err != nil {
		return nil, err
	}
	out := preferencesView{make([]preferenceView, len(found))}
	for i, p := range found { // in the order of kinds
		out.Items[i] = preferenceView{p.Kind, p.InApp, p.Email, kinds[i].mandatory}
	}
	return httpx.OK(out).WithETag(), nil
}

type preferenceInput struct {
	Kind   string `json:"kind"`
	InApp  bool   `json:"in_app"`
	Email  bool   `json:"email"`
	Locked bool   `json:"locked,omitempty" doc:"Ignored: it is not for the caller to choose"`
}

type preferencesInput struct {
	Body struct {
		Items []preferenceInput `json:"items" nullable:"false" maxItems:"100"`
	}
}

// Resolve implements huma.Resolver.
func (in *preferencesInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

// checkPreferencesInput returns the faults of preferences that can be found without the database.
func checkPreferencesInput(_ context.Context, in *preferencesInput) (faults validation.Faults) {
	faults.Add("", checkPreferences(in.toPreferences()))
	return faults
}

// toPreferences returns the preferences of a request, without an account.
func (in *preferencesInput) toPreferences() []preference {
	chosen := make([]preference, len(in.Body.Items))
	for i, c := range in.Body.Items {
		chosen[i] = preference{Kind: c.Kind, InApp: c.InApp, Email: c.Email}
	}
	return chosen
}

const savePreferencesDoc = "Changes the preferences of the kinds in the request and leaves the others. All are saved or, " +
	"if one is refused, none. Kinds that are locked can't be switched off."

// savePreferences answers PUT /notifications/preferences.
func (h *handlers) savePreferences(ctx context.Context, in *preferencesInput) (*httpx.Response[preferencesView], error) {
	if err := h.service.savePreferences(ctx, in.toPreferences()); err != nil {
		return nil, err
	}
	return h.listPreferences(ctx, nil)
}

type unsubscribeInput struct {
	Token string `path:"token" maxLength:"1024" doc:"From the link in the mail"`
}

const unsubscribeDescription = "Switches off the mail that the link in `List-Unsubscribe` belongs to, as mail programs do with one " +
	"click (RFC 8058): with the form `List-Unsubscribe=One-Click`, any other or no body, and without signing in. " +
	"Notifications inside Lyceum stay as they are. Answers 204, again and again; 422 `invalid-link` for a token that is not " +
	"this server's or whose account is gone. A browser that opens the link gets a page that asks first, so that a mail " +
	"scanner switches nothing off."

// unsubscribe answers POST /notifications/unsubscribe/{token}.
func (h *handlers) unsubscribe(ctx context.Context, in *unsubscribeInput) (*httpx.Empty, error) {
	return nil, h.service.unsubscribe(ctx, in.Token)
}
