using System.Security.Claims;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace TenantIdP.Benchmarks;

/// <summary>OpenIddict as its getting-started guide has it, on the same stores: what everything else is compared with.</summary>
internal static class BareHost
{
    public const string ClientId = "bare";
    public const string Secret = "bare-secret-bare-secret-bare-secret-bare-secret";
    public const string Redirect = "https://bare.example/callback";

    public static async Task<int> RunAsync(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        var connection = builder.Configuration.GetConnectionString("Bare")!; // set by the caller
        builder.Services.AddDbContext<BareContext>(options =>
        {
            if (builder.Configuration["Provider"] == "Sqlite") options.UseSqlite(connection);
            else options.UseNpgsql(connection);
            options.UseOpenIddict();
        });
        builder.Services.AddAuthentication();
        builder.Services.AddOpenIddict()
            .AddCore(core => core.UseEntityFrameworkCore().UseDbContext<BareContext>())
            .AddServer(server =>
            {
                server.SetAuthorizationEndpointUris("/connect/authorize").SetTokenEndpointUris("/connect/token");
                server.AllowAuthorizationCodeFlow().AllowRefreshTokenFlow().AllowClientCredentialsFlow().RequireProofKeyForCodeExchange();
                server.RegisterScopes("profile", "email", "offline_access");
                server.AddEphemeralEncryptionKey().AddEphemeralSigningKey().DisableAccessTokenEncryption();
                server.UseAspNetCore().EnableAuthorizationEndpointPassthrough().EnableTokenEndpointPassthrough().DisableTransportSecurityRequirement();
            });
        await using var app = builder.Build();
        await SeedAsync(app.Services);
        app.MapGet("/health/ready", () => "ready");
        app.MapGet("/connect/authorize", (HttpContext http) => SignIn(http.GetOpenIddictServerRequest()!.GetScopes())); // the engine read it
        app.MapPost("/connect/token", async (HttpContext http) =>
        {
            var request = http.GetOpenIddictServerRequest()!; // as above
            if (request.IsClientCredentialsGrantType()) return SignIn(request.GetScopes());
            var earlier = await http.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
            return Results.SignIn(earlier.Principal!, authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme); // validated by the engine
        });
        await app.RunAsync();
        return 0;
    }

    private static IResult SignIn(IEnumerable<string> scopes)
    {
        var identity = new ClaimsIdentity("bare", Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, "someone").SetClaim(Claims.Name, "Some One").SetClaim(Claims.Email, "someone@bare.example");
        identity.SetDestinations(_ => [Destinations.AccessToken, Destinations.IdentityToken]);
        var principal = new ClaimsPrincipal(identity);
        principal.SetScopes(scopes);
        return Results.SignIn(principal, authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }

    private static async Task SeedAsync(IServiceProvider services)
    {
        await using var scope = services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<BareContext>().Database.EnsureCreatedAsync();
        await scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>().CreateAsync(new OpenIddictApplicationDescriptor
        {
            ClientId = ClientId,
            ClientSecret = Secret,
            RedirectUris = { new Uri(Redirect) },
            Permissions =
            {
                Permissions.Endpoints.Authorization, Permissions.Endpoints.Token, Permissions.GrantTypes.AuthorizationCode, Permissions.GrantTypes.RefreshToken, Permissions.GrantTypes.ClientCredentials,
                Permissions.ResponseTypes.Code, Permissions.Prefixes.Scope + "profile", Permissions.Prefixes.Scope + "email", Permissions.Prefixes.Scope + "offline_access",
            },
        });
    }

    private sealed class BareContext(DbContextOptions<BareContext> options) : DbContext(options);
}
