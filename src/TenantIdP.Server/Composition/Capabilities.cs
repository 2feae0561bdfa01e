using Microsoft.Extensions.DependencyInjection.Extensions;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Server.Proofs;
using TenantIdP.Server.Http;
using TenantIdP.Server.Login;

namespace TenantIdP.Server.Composition;

/// <summary>The use cases of Core that pages, federation and engine share. Listed by hand, one line each.</summary>
internal static class Capabilities
{
    public static void AddCapabilities(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        services.AddSingleton(Settings.Read(Core.Sessions.SessionOptions.Section, () => configuration.GetSection(Core.Sessions.SessionOptions.Section).Get<Core.Sessions.SessionOptions>()));
        services.AddSingleton(Settings.Read(MemberOptions.Section, () => configuration.GetSection(MemberOptions.Section).Get<MemberOptions>()));
        services.AddSingleton(Settings.Read(InvitationOptions.Section, () => configuration.GetSection(InvitationOptions.Section).Get<InvitationOptions>()));
        services.AddSingleton(Settings.Read(DeletionOptions.Section, () => configuration.GetSection(DeletionOptions.Section).Get<DeletionOptions>()));
        services.AddSingleton(Settings.Read(RateLimitOptions.Section, () => configuration.GetSection(RateLimitOptions.Section).Get<RateLimitOptions>()));
        services.AddSingleton(DomainProofComposition.Read(configuration, environment));
        services.TryAddSingleton(TimeProvider.System);

        services.AddScoped<ActorContext>();
        services.AddScoped<EventLog>();
        services.AddScoped<EventErasure>();
        services.AddScoped<EventVerification>();
        services.AddScoped<SessionService>();
        services.AddScoped<ReceivedAssertions>();
        services.AddScoped<UpstreamSessions>();
        services.AddScoped<RealmReader>();
        services.AddScoped<HomeRealm>();
        services.AddScoped<JitGate>();
        services.AddScoped<AccountLinking>();
        services.AddScoped<SsoRoleAssignments>();
        services.AddScoped<InvitationAcceptance>();
        services.AddScoped<InvitationAccounts>();
        services.AddScoped<SignInGrants>();
        services.AddScoped<JitProvisioning>();
        services.AddScoped<TraceRecorder>();
        services.AddScoped<Admission>();
        services.AddScoped<SignInRecord>();
        services.AddScoped<SignInService>();
        services.AddScoped<PasswordThrottle>();
        services.AddScoped<RefusedSignIns>();
        services.AddScoped<PasswordSignIn>();
        services.AddScoped<AccountHomes>();
        services.AddScoped<MailedCodes>();
        services.AddScoped<CodeSignIn>();
        services.AddScoped<AccessReader>();
        services.AddScoped<TraceViewing>();
        services.AddScoped<BreakGlass>();
        services.AddScoped<AuthorizeService>();

        services.AddSingleton<Core.Apps.IAppKeyDocuments, AppKeyDocuments>();
        services.AddSingleton<PasswordHashing>();
        services.AddSingleton<IPasswordHashing>(provider => provider.GetRequiredService<PasswordHashing>());
    }
}
