package notifications

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/httpx"
	"lyceum/platform/httpx/validation"
)

type preferenceView struct {
	Kind   string `json:"kind"`
	InApp  bool   `json:"in_app"`
	Email  bool   `json:"email"`
	Locked bool   `json:"locked" doc:"The mail can't be switched off"`
}

type preferencesView struct {
	Items []preferenceView `json:"items" nullable:"false"`
}

func (h *handlers) preferences(ctx context.Context, _ *httpx.None) (*httpx.Response[preferencesView], error) {
	found, err := h.service.preferences(ctx)
	if err != nil {
		return nil, err
	}
	out := preferencesView{make([]preferenceView, len(found))}
	for i, p := range found {
		out.Items[i] = preferenceView{p.Kind, p.InApp, p.Email, kinds[i].locked}
	}
	return httpx.OK(out).WithETag(), nil
}

type choiceBody struct {
	Kind   string `json:"kind"`
	InApp  bool   `json:"in_app"`
	Email  bool   `json:"email"`
	Locked bool   `json:"locked,omitempty" doc:"Ignored: it is not for the caller to choose"`
}

type chooseInput struct {
	Body struct {
		Items []choiceBody `json:"items" nullable:"false" maxItems:"100"`
	}
}

// Resolve implements huma.Resolver.
func (in *chooseInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

func checkChoose(_ context.Context, in *chooseInput) (faults validation.Faults) {
	faults.Add("", checkChoices(in.choices()))
	return faults
}

func (in *chooseInput) choices() []preference {
	chosen := make([]preference, len(in.Body.Items))
	for i, c := range in.Body.Items {
		chosen[i] = preference{Kind: c.Kind, InApp: c.InApp, Email: c.Email}
	}
	return chosen
}

func (h *handlers) choose(ctx context.Context, in *chooseInput) (*httpx.Response[preferencesView], error) {
	if err := h.service.choose(ctx, in.choices()); err != nil {
		return nil, err
	}
	return h.preferences(ctx, nil)
}
