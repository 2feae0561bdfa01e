using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;

namespace TenantIdP.Client.SignIn;

/// <summary>Access tokens by RFC 9068, for one audience.</summary>
internal sealed class ApiHandler(IOptions<TenantIdPApiOptions> settings) : IConfigureNamedOptions<JwtBearerOptions>
{
    public void Configure(JwtBearerOptions options) => Configure(Options.DefaultName, options);

    public void Configure(string? name, JwtBearerOptions bearer)
    {
        if (name != TenantIdPSchemes.Api)
            return;

        bearer.Authority = Address.Of(settings.Value.Issuer);
        bearer.RequireHttpsMetadata = !Address.IsLoopback(settings.Value.Issuer);
        bearer.MapInboundClaims = false;
        bearer.SaveToken = false;
        // What is wrong with a token is for the log, not for whoever sent it.
        bearer.IncludeErrorDetails = false;
        TokenRules.Apply(bearer.TokenValidationParameters, settings.Value.Issuer);
        bearer.TokenValidationParameters.ValidAudience = settings.Value.Api;
        bearer.TokenValidationParameters.ValidTypes = ["at+jwt"];
    }
}
