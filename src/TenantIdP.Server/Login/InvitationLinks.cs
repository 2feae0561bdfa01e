using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Federation;

namespace TenantIdP.Server.Login;

/// <summary>Where invitations are opened. Nothing is read and nothing is changed: a mail scanner that follows a link leaves with a cookie.</summary>
internal static class InvitationLinks
{
    public static void MapInvitationLinks(this IEndpointRouteBuilder routes)
    {
        routes.MapGet($"{InteractionPaths.InvitationLink}/{{token}}", Open).ExcludeFromDescription();
        routes.MapGet(InteractionPaths.OpenInvitation, OpenOfRequestAsync).ExcludeFromDescription();
    }

    private static void Open(string token, HttpContext context, InvitationCookie cookie)
    {
        cookie.Keep(context, new InvitationVisit(token.Length == InvitationToken.Length ? token : "", null, Consented: false));
        FederationFinish.SeeOther(context, InteractionPaths.Invitation);
    }

    private static async Task OpenOfRequestAsync([FromQuery(Name = InteractionPaths.ReturnParameter)] string? back, HttpContext context, SignInFlow flow, InvitationCookie cookie, CancellationToken ct)
    {
        if (await flow.FindAsync(back, ct) is not { Request.Invitation: { } token, Return: { } request })
        {
            FederationFinish.Show(context, SignInPage.UnknownRequest);
            return;
        }

        cookie.Keep(context, new InvitationVisit(token.Length == InvitationToken.Length ? token : "", request, Consented: false));
        FederationFinish.SeeOther(context, InteractionPaths.Invitation);
    }
}
