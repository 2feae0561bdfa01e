using TenantIdP.Demo.Idp;
using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.SamlIdp;

/// <summary>Single sign-on by Redirect and POST, and without a request from the home page; every answer goes by POST.</summary>
internal sealed class SsoEndpoint(SamlIdpState state, SamlIdpPages pages)
{
    private readonly SignInPage _signIn = new(state.Options.Name, state.Options.People);

    public void Map(WebApplication idp)
    {
        idp.MapMethods("/sso", [HttpMethods.Get, HttpMethods.Post], AskedAsync);
        idp.MapGet("/sign-in", (HttpContext context, string? request) => Resume(context, request));
        idp.MapPost("/login", LoginAsync).AddEndpointFilter<SameOriginFilter>();
        idp.MapPost("/start", Start).AddEndpointFilter<SameOriginFilter>();
    }

    private async Task<IResult> AskedAsync(HttpContext context, CancellationToken ct)
    {
        var (message, refusal) = await SamlMessage.ReadAsync(context.Request, ct);
        if (message is null)
            return CannotStart(refusal);

        var (request, judged) = AuthnRequest.Read(message, context.Request.Query["login_hint"], state);
        if (request is null)
            return CannotStart(judged);

        state.Remember(request.Provider);
        var handle = state.Pending.Put(request);
        // A post from another site comes without the cookie (SameSite); the GET that follows has it.
        return HttpMethods.IsPost(context.Request.Method) ? new SeeOther($"/sign-in?request={handle}") : Resume(context, handle);
    }

    private IResult Resume(HttpContext context, string? handle)
    {
        if (!state.Pending.TryGet(handle, out var request))
            return Ended();
        if (request.NameIdFormat is not (null or SamlNames.Persistent or SamlNames.UnspecifiedFormat))
            return Refuse(request, SamlNames.Requester, SamlNames.InvalidNameIdPolicy);
        if (state.TryGetSession(context, out var session) && IsEnough(session, request))
            return state.Pending.TryTake(handle, out _) ? Answer(request.Provider, request, session) : Ended();

        // A handle that was found is not null.
        return request.IsPassive ? Refuse(request, SamlNames.Responder, SamlNames.NoPassive) : _signIn.Show(handle!, Hint(request));
    }

    private async Task<IResult> LoginAsync(HttpContext context, CancellationToken ct)
    {
        var form = await PostedForm.ReadAsync(context.Request, ct);
        var handle = form?["request"].ToString();
        if (form is null || handle is null || !state.Pending.TryGet(handle, out var request))
            return Ended();

        var typed = form["email"].ToString();
        if (!_signIn.TryIdentify(typed, out var person))
            return _signIn.Mistyped(handle, typed);

        // The handle is spent by the sign-in, not by a mistyped address.
        return state.Pending.TryTake(handle, out _) ? Answer(request.Provider, request, state.SignIn(context, person)) : Ended();
    }

    private IResult Start(HttpContext context) => state.TryGetSession(context, out var session) && state.LastProvider is { } provider
        ? Answer(provider, request: null, session)
        : new SeeOther("/");

    private IResult Answer(SamlServiceProvider provider, AuthnRequest? request, SamlSession session)
    {
        session.Tell(provider);
        return pages.Post(provider, new SamlResponse(state, provider, request?.Id).SignedIn(session), request?.RelayState);
    }

    private IResult Refuse(AuthnRequest request, string code, string detail) =>
        pages.Post(request.Provider, new SamlResponse(state, request.Provider, request.Id).Refused(code, detail), request.RelayState);

    private bool IsEnough(SamlSession session, AuthnRequest request) =>
        !request.ForceAuthn && (Hint(request) is not { } hint || session.Person.Email.Equals(hint, StringComparison.OrdinalIgnoreCase));

    // The subject of a request may be the name that we gave somebody, not the address.
    private string? Hint(AuthnRequest request) =>
        state.Options.People.FirstOrDefault(person => person.Subject == request.LoginHint)?.Email ?? request.LoginHint;

    private IResult CannotStart(string? sentence) => pages.Failure("This sign-in cannot start", sentence ?? "The request could not be read.");

    private IResult Ended() => pages.Failure("This sign-in has ended", "It was open for too long, or it was completed in another tab. Start again from the application.");
}
