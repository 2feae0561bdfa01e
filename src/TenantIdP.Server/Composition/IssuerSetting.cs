using TenantIdP.Core.Instance;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Composition;

/// <summary>Reads <c>TenantIdP:Issuer</c>, the one public origin of everything this server says about itself.</summary>
internal static class IssuerSetting
{
    public const string Key = "TenantIdP:Issuer";
    public const string DevelopmentDefault = "http://localhost:5001";

    public static IssuerOptions Read(IConfiguration configuration, IHostEnvironment environment)
    {
        var text = configuration[Key];
        if (string.IsNullOrWhiteSpace(text))
        {
            if (!environment.IsDevelopment()) throw new StartupException($"{Key} is not set. Give the public origin of this server, such as https://login.example.com.");
            text = DevelopmentDefault;
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http") || uri.PathAndQuery != "/" || uri.Fragment.Length > 0 || uri.UserInfo.Length > 0
            || text.EndsWith('/') || !string.Equals(uri.GetLeftPart(UriPartial.Authority), text, StringComparison.Ordinal))
            throw new StartupException($"{Key} must be an origin in lower case without path or trailing slash, such as https://login.example.com.");

        var developmentLoopback = uri.IsLoopback && environment.IsDevelopment();
        if (uri.Scheme != "https" && !developmentLoopback) throw new StartupException($"{Key} must be https. Plain http is for a loopback host in the Development environment only.");
        return new IssuerOptions(text, developmentLoopback);
    }
}
