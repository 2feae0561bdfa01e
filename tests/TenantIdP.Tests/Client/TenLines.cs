using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using TenantIdP.Client;

namespace TenantIdP.Tests.Client;

/// <summary>What the README shows, line by line: see <see cref="RegistrationTests"/>.</summary>
internal static class TenLines
{
    public static WebApplication Build(WebApplicationBuilder builder)
    {
        // <README>
        builder.Services.AddTenantIdP(o =>
        {
            o.Issuer = "https://login.example.com";           // the one issuer of all organizations
            o.ClientId = "app_…";                             // from POST /api/v1/apps
            o.ClientSecret = "tidp_secret_…";                 // shown once
            o.Api = "https://invoices.example.com";           // whose permissions you check
        });
        var app = builder.Build();
        app.MapGet("/invoices", [RequirePermission("invoices:read")] (HttpContext context) => $"Invoices of {context.User.TenantIdP().OrganizationSlug}");
        // </README>
        return app;
    }
}
