using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace TenantIdP.Server.Http.Outbound;

/// <summary>Everything the product fetches goes through the one client registered here.</summary>
public static class OutboundHttp
{
    public const string ClientName = "outbound";

    /// <param name="services">The server's services.</param>
    /// <param name="configuration">The root; <see cref="OutboundOptions.Section"/> is read from it.</param>
    /// <param name="developmentHosts">True only when the issuer is loopback and the environment is Development.</param>
    public static IServiceCollection AddGuardedOutboundHttp(this IServiceCollection services, IConfiguration configuration, bool developmentHosts)
    {
        services.AddOptions<OutboundOptions>()
            .Bind(configuration.GetSection(OutboundOptions.Section))
            .PostConfigure(options => options.AllowLoopbackAndPrivate = developmentHosts)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IHostResolver, SystemHostResolver>();

        services.AddHttpClient(ClientName, client => client.Timeout = Timeout.InfiniteTimeSpan) // the guard keeps the time
            .RemoveAllLoggers() // they log exception texts and whole URLs; the guard logs what an operator needs
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan) // one chain, hence one pool and one count of turns
            .ConfigurePrimaryHttpMessageHandler(provider => OutboundHandler.Create(
                provider.GetRequiredService<IOptions<OutboundOptions>>().Value,
                provider.GetRequiredService<IHostResolver>()))
            .AddHttpMessageHandler(provider => new OutboundGuard(
                provider.GetRequiredService<IOptions<OutboundOptions>>().Value,
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<OutboundGuard>>()));
        return services;
    }

    /// <summary>A client whose every request counts for this connection: for libraries that make their requests themselves (OpenIdConnectHandler).</summary>
    public static HttpClient CreateOutboundClient(this IHttpMessageHandlerFactory handlers, string connection) =>
        new(new ConnectionHandler(connection) { InnerHandler = handlers.CreateHandler(ClientName) }, disposeHandler: false)
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };

    private sealed class ConnectionHandler(string connection) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Options.Set(OutboundRequest.Connection, connection);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
