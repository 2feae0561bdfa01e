using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.Idp;

/// <summary>A running OpenID provider on a loopback port: discovery, code + PKCE, userinfo, sign-out. Development only.</summary>
public sealed class DemoIdp : IAsyncDisposable
{
    private readonly WebApplication _site;
    private readonly IdpState _state;
    private volatile DemoIdpFault _fault;

    private DemoIdp(DemoIdpOptions options, TimeProvider clock)
    {
        _fault = options.Fault;
        _state = new IdpState(options, clock);
        _site = LoopbackSite.CreateBuilder(options.Issuer).Build();
        Map();
    }

    /// <summary>Base address, as in discovery: no trailing slash when written with <see cref="Uri.GetLeftPart"/>.</summary>
    public Uri Issuer => new(_state.Issuer);

    /// <summary>May be changed while it runs, to see how a relying party takes it.</summary>
    public DemoIdpFault Fault
    {
        get => _fault;
        set => _fault = value;
    }

    public static async Task<DemoIdp> StartAsync(DemoIdpOptions options, TimeProvider clock, CancellationToken ct)
    {
        var idp = new DemoIdp(options, clock);
        try
        {
            await idp._site.StartAsync(ct);
        }
        catch
        {
            await idp.DisposeAsync();
            throw;
        }

        idp._state.Issuer = new Uri(idp._site.Urls.First()).GetLeftPart(UriPartial.Authority);
        return idp;
    }

    public async ValueTask DisposeAsync()
    {
        await _site.DisposeAsync();
        _state.Dispose();
    }

    private void Map()
    {
        var pages = new IdpPages(_state.Options);
        var tokens = new TokenEndpoint(_state, () => Fault);

        // Before the routes: a fault answers for all of them.
        _site.Use(MisbehaveAsync);
        _site.UseLoopbackSite($"{_state.Options.Name} sign-in");
        _site.MapGet("/", (HttpContext context) => pages.Home(_state.TryGetSession(context, out var session) ? session : null));
        _site.MapGet("/.well-known/openid-configuration", () => TypedResults.Json(Discovery()));
        _site.MapGet("/jwks", () => TypedResults.Json(_state.Keys.Jwks()));
        _site.MapPost("/token", tokens.RedeemAsync);
        _site.MapMethods("/userinfo", [HttpMethods.Get, HttpMethods.Post], tokens.UserInfo);
        new AuthorizeEndpoint(_state, pages).Map(_site);
        new EndSessionEndpoint(_state, pages).Map(_site);
    }

    private async Task MisbehaveAsync(HttpContext context, RequestDelegate next)
    {
        switch (Fault)
        {
            case DemoIdpFault.NotFound:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                break;
            case DemoIdpFault.Hang:
                await HangAsync(context);
                break;
            case DemoIdpFault.None or DemoIdpFault.ForeignKey:
                await next(context);
                break;
        }
    }

    private async Task HangAsync(HttpContext context)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _site.Lifetime.ApplicationStopping);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = over.Token.Register(ended.SetResult);
        await ended.Task;
        context.Abort();
    }

    private Dictionary<string, object> Discovery() => new()
    {
        ["issuer"] = _state.Issuer,
        ["authorization_endpoint"] = $"{_state.Issuer}/authorize",
        ["token_endpoint"] = $"{_state.Issuer}/token",
        ["userinfo_endpoint"] = $"{_state.Issuer}/userinfo",
        ["jwks_uri"] = $"{_state.Issuer}/jwks",
        ["end_session_endpoint"] = $"{_state.Issuer}/end_session",
        ["response_types_supported"] = new[] { "code" },
        ["response_modes_supported"] = new[] { "query" },
        ["grant_types_supported"] = new[] { "authorization_code" },
        ["subject_types_supported"] = new[] { "public" },
        ["id_token_signing_alg_values_supported"] = new[] { "RS256" },
        ["token_endpoint_auth_methods_supported"] = new[] { "client_secret_basic", "client_secret_post" },
        ["code_challenge_methods_supported"] = new[] { "S256" },
        ["scopes_supported"] = new[] { "openid", "profile", "email" },
        ["claims_supported"] = new[] { "sub", "email", "email_verified", "name", "given_name", "family_name", "amr", "auth_time", "nonce" },
        ["prompt_values_supported"] = new[] { "none", "login", "select_account" },
        ["request_uri_parameter_supported"] = false,
        ["authorization_response_iss_parameter_supported"] = true,
    };
}
