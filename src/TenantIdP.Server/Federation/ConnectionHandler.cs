using System.IdentityModel.Tokens.Jwt;
using System.Net.Http.Headers;
using System.Security.Claims;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace TenantIdP.Server.Federation;

/// <summary>Microsoft's handler for one connection at a time, with two habits of its own.</summary>
internal sealed class ConnectionHandler(ConnectionOptions options, ILoggerFactory logger, HtmlEncoder htmlEncoder, UrlEncoder encoder, ILogger<UpstreamAnswer> answers) : OpenIdConnectHandler(options, logger, htmlEncoder, encoder)
{
    /// <summary>Asked only when the id token has no email; an answer that does not come leaves the person without one, an answer about somebody else is refused by the base.</summary>
    protected override async Task<HandleRequestResult> GetUserInformationAsync(OpenIdConnectMessage message, JwtSecurityToken jwt, ClaimsPrincipal principal, AuthenticationProperties properties)
    {
        var known = HandleRequestResult.Success(new AuthenticationTicket(principal, properties, Scheme.Name));
        var configuration = await Options.ConfigurationManager!.GetConfigurationAsync(Context.RequestAborted); // ConnectionOptions always sets it
        if (Context.Features.Get<UpstreamAnswer>() is { Claims.Email: not null } || string.IsNullOrEmpty(configuration.UserInfoEndpoint)) return known;
        try
        {
            return await base.GetUserInformationAsync(message, jwt, principal, properties);
        }
        catch (HttpRequestException failure)
        {
            Log.UserInfoFailed(answers, Scheme.Name, failure.StatusCode);
            return known;
        }
    }

    /// <summary>The base sends the secret in the form; some providers take it in the header only (RFC 6749 section 2.3.1).</summary>
    protected override async Task<OpenIdConnectMessage> RedeemAuthorizationCodeAsync(OpenIdConnectMessage tokenEndpointRequest)
    {
        var configuration = await Options.ConfigurationManager!.GetConfigurationAsync(Context.RequestAborted); // ConnectionOptions always sets it
        var methods = configuration.TokenEndpointAuthMethodsSupported;
        if (Options.ClientSecret is not { } secret || methods.Contains("client_secret_post") || !methods.Contains("client_secret_basic"))
            return await base.RedeemAuthorizationCodeAsync(tokenEndpointRequest);

        tokenEndpointRequest.Parameters.Remove("client_secret");
        using var request = new HttpRequestMessage(HttpMethod.Post, configuration.TokenEndpoint) { Content = new FormUrlEncodedContent(tokenEndpointRequest.Parameters) };
        var credentials = $"{Uri.EscapeDataString(Options.ClientId!)}:{Uri.EscapeDataString(secret)}"; // a connection has a client id
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
        using var response = await Backchannel.SendAsync(request, Context.RequestAborted);
        if ((int)response.StatusCode >= 500) response.EnsureSuccessStatusCode();
        var answer = new OpenIdConnectMessage(await response.Content.ReadAsStringAsync(Context.RequestAborted));
        return response.IsSuccessStatusCode ? answer : throw new OpenIdConnectProtocolException("The token endpoint refused the code.");
    }
}
