namespace TenantIdP.Demo;

/// <summary>
/// Where everything listens. The login host is <c>localhost</c> and the others are <c>127.0.0.1</c>, so that
/// a browser sees them as different sites, as in production.
/// </summary>
public sealed record DemoHosts(int PortBase)
{
    public const int DefaultPortBase = 5000;
    public const int Count = 7;

    public Uri Map => new($"http://127.0.0.1:{PortBase}");

    public Uri Issuer => new($"http://localhost:{PortBase + 1}");

    public Uri App => new($"http://127.0.0.1:{PortBase + 2}");

    public Uri GlobexIdp => new($"http://127.0.0.1:{PortBase + 3}");

    public Uri UmbrellaIdp => new($"http://127.0.0.1:{PortBase + 4}");

    public Uri AcmeIdp => new($"http://127.0.0.1:{PortBase + 5}");

    /// <summary>The demo's server of names, by UDP.</summary>
    public System.Net.IPEndPoint Dns => new(System.Net.IPAddress.Loopback, PortBase + 6);

    public Uri DnsPage => new(Map, TenantIdP.Demo.Dns.DnsPages.Path);

    /// <summary>Registered at the server as the app's redirect URI.</summary>
    public Uri AppRedirectUri => new(App, SampleApp.LedgerlineApp.CallbackPath);

    /// <summary>Registered at the server as the url of Acme's webhook endpoint.</summary>
    public Uri AppWebhooksUri => new(App, SampleApp.WebhookInspector.ReceivingPath);

    /// <summary>Where the application shows what it was sent.</summary>
    public Uri AppWebhooksPage => new(App, SampleApp.WebhookInspector.PagePath);

    /// <summary>Registered at the server as the app's back-channel logout URI.</summary>
    public Uri AppLogoutUri => new(App, SampleApp.LedgerlineApp.LogoutPath);

    /// <summary>Registered at the server as the app's post-logout redirect URI.</summary>
    public Uri AppSignedOutUri => new(App, SampleApp.LedgerlineApp.SignedOutPath);
}
