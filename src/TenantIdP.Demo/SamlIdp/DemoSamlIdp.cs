using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.SamlIdp;

/// <summary>
/// A running SAML 2.0 identity provider on a loopback port: metadata, single sign-on, single logout. Development only.
/// It shares no code with the service provider that it is there to try out.
/// </summary>
public sealed class DemoSamlIdp : IAsyncDisposable
{
    // A signed request with its RelayState passes the 8 KB that Kestrel takes by default.
    private const int MaxRequestLine = 32 * 1024;

    private readonly WebApplication _site;
    private readonly SamlIdpState _state;

    private DemoSamlIdp(DemoSamlIdpOptions options, TimeProvider clock)
    {
        _state = new SamlIdpState(options, clock);
        var builder = LoopbackSite.CreateBuilder(options.Url);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestLineSize = MaxRequestLine);
        _site = builder.Build();
        Map();
    }

    public Uri Url => new(_state.Url);

    public string EntityId => _state.EntityId;

    public string SsoUrl => _state.SsoUrl;

    public string SloUrl => _state.SloUrl;

    /// <summary>What <c>/metadata</c> answers.</summary>
    public string MetadataXml => SamlMetadata.Of(_state);

    /// <summary>The certificate in the metadata.</summary>
    public string CertificatePem => _state.Signing.CertificatePem;

    public static async Task<DemoSamlIdp> StartAsync(DemoSamlIdpOptions options, TimeProvider clock, CancellationToken ct)
    {
        var idp = new DemoSamlIdp(options, clock);
        try
        {
            await idp._site.StartAsync(ct);
        }
        catch
        {
            await idp.DisposeAsync();
            throw;
        }

        idp._state.Url = new Uri(idp._site.Urls.First()).GetLeftPart(UriPartial.Authority);
        return idp;
    }

    public async ValueTask DisposeAsync()
    {
        await _site.DisposeAsync();
        _state.Dispose();
    }

    private void Map()
    {
        var pages = new SamlIdpPages(_state.Options);
        var script = ReadScript();

        _site.UseLoopbackSite($"{_state.Options.Name} sign-in");
        _site.MapGet("/", (HttpContext context) => pages.Home(_state.TryGetSession(context, out var session) ? session : null, _state.LastProvider));
        _site.MapGet("/metadata", () => TypedResults.Text(MetadataXml, "application/samlmetadata+xml"));
        _site.MapGet(SamlIdpPages.ScriptPath, () => TypedResults.Text(script, "text/javascript; charset=utf-8"));
        new SsoEndpoint(_state, pages).Map(_site);
        new SloEndpoint(_state, pages).Map(_site);
    }

    private static string ReadScript()
    {
        using var stream = typeof(DemoSamlIdp).Assembly.GetManifestResourceStream("post.js")
            ?? throw new InvalidOperationException("post.js is not embedded.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
